//! Programs: how operations are recorded, and the passes over a recorded program. Knows no transformation, no engine and
//! no values.
//!
//! What flows through here: [`Tensor`](node::Tensor) methods make [nodes](node), whose types are [inferred](infer) at
//! once. When a value is needed, a [recording](recording) lists the nodes behind it in topological order. If no equal
//! program has been compiled before, the recording becomes a [`Graph`], which is [verified](verify), rewritten by the
//! [passes] and handed to the engine.

pub(crate) mod birth;
pub(crate) mod class;
pub(crate) mod infer;
pub(crate) mod mode;
pub(crate) mod node;
pub(crate) mod node_free_list;
pub(crate) mod op;
pub(crate) mod passes;
pub(crate) mod pending;
pub(crate) mod post_order;
mod program;
pub(crate) mod recording;
pub(crate) mod source;
mod verify;

pub(crate) use program::{Graph, GraphNode, Id};
