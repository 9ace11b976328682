//! Analysis of a graph before scheduling: where elements are, which nodes run together, what a kernel computes and
//! reads, which kernels share rows. Knows graphs and strides; nothing of tiles, registers and steps.

pub(crate) mod body;
pub(crate) mod fusion;
pub(crate) mod layout;
pub(crate) mod loads;
pub(crate) mod row;
pub(crate) mod row_group;
