//! Modules for metamlp: scopes, variables, streams, layers, initializers and optimizers.
