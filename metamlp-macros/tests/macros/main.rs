//! The behaviour of `#[module]`, `#[compact]` and `#[derive(Tree)]`: a file a topic.

mod compact;
mod function;
mod hygiene;
mod module;
mod tree;
