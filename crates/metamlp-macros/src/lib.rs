//! The #[module], #[compact] and #[derive(Tree)] macros of metamlp.
