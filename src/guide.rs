//! [variables]: crate::guide::variables
//! [streams]: crate::guide::streams
//! [capture]: crate::guide::capture
//! [sharing]: crate::guide::sharing
//! [errors]: crate::guide::errors
//! [tables]: crate::guide::tables
//! [macros]: crate::guide::macros
//! [flax]: crate::guide::coming_from_flax_linen
#![doc = include_str!("../docs/guide/README.md")]

// The pages link to files, for readers of the repository. In rustdoc the first
// definition of a link wins, so these lines redirect the links to modules.

/// [guide]: crate::guide
/// [streams]: crate::guide::streams
#[doc = include_str!("../docs/guide/variables.md")]
pub mod variables {}

/// [guide]: crate::guide
/// [capture]: crate::guide::capture
#[doc = include_str!("../docs/guide/streams.md")]
pub mod streams {}

/// [guide]: crate::guide
/// [sharing]: crate::guide::sharing
#[doc = include_str!("../docs/guide/capture.md")]
pub mod capture {}

/// [guide]: crate::guide
/// [errors]: crate::guide::errors
#[doc = include_str!("../docs/guide/sharing.md")]
pub mod sharing {}

/// [guide]: crate::guide
/// [tables]: crate::guide::tables
#[doc = include_str!("../docs/guide/errors.md")]
pub mod errors {}

/// [guide]: crate::guide
/// [sharing]: crate::guide::sharing
/// [errors]: crate::guide::errors
#[doc = include_str!("../docs/guide/coming-from-flax-linen.md")]
pub mod coming_from_flax_linen {}

/// [guide]: crate::guide
/// [macros]: crate::guide::macros
/// [cost]: crate::tensor::Cost
/// [picture]: crate::summary::Table::to_html
#[doc = include_str!("../docs/guide/tables.md")]
pub mod tables {}

/// [guide]: crate::guide
#[doc = include_str!("../docs/guide/macros.md")]
pub mod macros {}
