//! The paths of the modules that a model calls.

use std::collections::BTreeSet;

use metamlp_tensor::Tree;

use crate::error::Result;
use crate::module::Module;
use crate::module::options::Options;
use crate::module::record::Record;
use crate::scope::{Purpose, run};

/// The path and class of each module, once, in the order of the first calls.
#[track_caller]
pub(crate) fn module_paths<M: Module, R: Tree>(
    model: &M,
    options: Options,
    f: impl FnOnce(&M) -> R,
) -> Result<Vec<(String, &'static str)>> {
    let record = Record::default();
    run(model, Purpose::EvalShape, options.recorded(&record), f)?;
    let mut seen = BTreeSet::new();
    let calls = record.take().into_iter().map(|call| (call.path, call.class));
    Ok(calls.filter(|(path, _)| seen.insert(path.clone())).collect())
}
