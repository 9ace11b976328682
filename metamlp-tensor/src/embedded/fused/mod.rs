//! Fused kernels: compiles the nodes of a kernel to instructions, and runs them tile by tile. Knows the analysis and
//! slices; nothing of contractions and schedules.

pub(crate) mod allocation;
pub(crate) mod compiler;
pub(crate) mod formulas;
pub(crate) mod frame;
pub(crate) mod in_place;
pub(crate) mod instruction;
pub(crate) mod map;
pub(crate) mod program;
pub(crate) mod rearrangement;
pub(crate) mod reduce;
pub(crate) mod rows;
