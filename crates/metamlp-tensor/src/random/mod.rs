//! Random numbers with JAX's bits: the threefry generator and keys.
//!
//! Element `i` of a draw depends on the key and on `i` alone, never on the shape, the thread or the order of work.

pub mod threefry;
