//! The abstract runs from which a table is made.

use metamlp_tensor::Tree;

use super::Table;
use crate::error::Result;
use crate::module::Module;
use crate::module::capture::INTERMEDIATES;
use crate::module::options::Options;
use crate::module::record::Record;
use crate::scope::{Purpose, run};
use crate::variables::filter::DenyList;

#[track_caller]
pub(crate) fn tabulate<M: Module, R: Tree>(
    model: &M,
    options: Options,
    f: impl Fn(&M) -> R,
) -> Result<Table> {
    let record = Record::default();
    let (_, variables) = run(model, Purpose::EvalShape, options.clone().recorded(&record), &f)?;
    let calls = record.take();
    let mutable = options.mutable_or(DenyList::new(INTERMEDIATES));
    // An `apply` that fails leaves the costs empty; the variables are known from `init`.
    let options = options.mutable(mutable).recorded(&record);
    let applied = run(model, Purpose::Apply(&variables), options, &f);
    Ok(Table {
        class: model.handle().identity().class,
        calls,
        applied: applied.map_or_else(|_| Vec::new(), |_| record.take()),
        variables,
        depth: None,
        show_repeated: false,
        flops: false,
        vjp_flops: false,
    })
}
