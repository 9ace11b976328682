//! Inner loops over slices, and the geometry of tiles. The ground floor of the executor: knows element types and
//! strides; nothing of graphs.

pub(crate) mod folds;
pub(crate) mod gemv;
pub(crate) mod lanes;
pub(crate) mod load;
pub(crate) mod loops;
pub(crate) mod matmul;
pub(crate) mod parallel;
pub(crate) mod plane;
pub(crate) mod tile;
pub(crate) mod view;
