//! Finds the variables that a model does not read.

use std::sync::Arc;

use metamlp_tensor::Tree;

use crate::error::Result;
use crate::module::Module;
use crate::module::options::Options;
use crate::scope::{Purpose, root_frame, run_in};
use crate::variables::Variables;

/// See [`Module::unused_variables`].
#[track_caller]
pub(crate) fn unused_variables<M: Module, R: Tree>(
    module: &M,
    variables: &Variables,
    options: Options,
    f: impl FnOnce(&M) -> R,
) -> Result<Vec<String>> {
    let frame = root_frame(module, Purpose::Apply(variables), options);
    let root = Arc::clone(&frame.root);
    root.note_reads();
    run_in(frame, || f(module))?;
    let reads = root.reads();
    // A variable is read by its own path, or with all variables of a module.
    let is_read = |path: &str| {
        let parents = path.match_indices('/').map(|(end, _)| &path[..end]);
        parents.chain([path]).any(|path| reads.contains(path))
    };
    let paths = variables.tensors_with_paths().into_iter().map(|(path, _)| path.to_string());
    Ok(paths.filter(|path| !is_read(path)).collect())
}
