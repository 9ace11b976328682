//! Optimal transport for metamlp: geometries, Sinkhorn and learned initializers.
