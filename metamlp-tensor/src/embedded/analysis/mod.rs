//! What a graph is to the executor, before anything is scheduled: where elements lie, which nodes run together, what
//! a kernel computes and reads. Knows graphs; nothing of tiles, registers and steps.

pub(crate) mod body;
pub(crate) mod fusion;
pub(crate) mod layout;
pub(crate) mod row;
pub(crate) mod row_group;
