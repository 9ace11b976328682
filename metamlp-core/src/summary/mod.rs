//! Summary tables of a model: its calls, shapes, variables and costs. Made from the record of an
//! abstract run; nothing is computed.

mod cell;
mod grid;
#[cfg(feature = "html")]
mod html;
mod layout;
mod markdown;
mod module_paths;
mod row;
mod rows;
mod size;
mod table;
mod tabulate;
#[cfg(feature = "html")]
mod tree;

pub(crate) use module_paths::module_paths;
pub use row::Row;
pub use size::Size;
pub use table::Table;
pub(crate) use tabulate::tabulate;
