//! Memory of tensors: typed buffers, shared elements, and the per-thread free lists that recycle them.

pub(crate) mod buffer;
pub(crate) mod free_lists;
pub(crate) mod shared;
