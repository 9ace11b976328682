//! Memory of tensors: typed buffers, shared elements, and the free lists that recycle them.
//! Knows dtypes; nothing of graphs and shapes.

pub(crate) mod buffer;
pub(crate) mod exhausted;
pub(crate) mod free_lists;
pub(crate) mod limits;
pub(crate) mod per_dtype;
pub(crate) mod pool;
pub(crate) mod shared;
pub(crate) mod stored;

pub(crate) use stored::Stored;
