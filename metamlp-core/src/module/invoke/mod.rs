//! Calls a module's method by its name: looks it up in the table that the macros
//! write and converts the arguments.

mod argument;
mod arguments;
mod bound_arguments;
mod method;
mod number;
mod parameter;
pub(crate) mod problem;

use std::panic::Location;

pub use argument::{Argument, IntoArgument};
pub use arguments::Arguments;
pub use bound_arguments::BoundArguments;
pub use method::{Invocable, Invoked, Method, Methods};
pub use parameter::{Parameter, Refusal};
pub use problem::InvokeProblem;

use crate::argument::poisoned;
use crate::error::{Error, Names};
use crate::module::Module;
use crate::scope::Scope;
use crate::variables::entry::Entry;

/// Implements [`Module::invoke`]; `methods` is the table of `module`.
///
/// If no method has the name, a field of that name with a module is called by its method `call`.
#[track_caller]
pub(crate) fn invoke<M: Methods + ?Sized>(
    module: &dyn Module,
    methods: &M,
    name: &str,
    arguments: &Arguments<'_>,
) -> Entry {
    invoke_at(Location::caller(), module, methods, name, arguments)
}

/// Like [`invoke`], with errors at `location`, which would be lost in the call of a field.
#[track_caller]
fn invoke_at<M: Methods + ?Sized>(
    location: &'static Location<'static>,
    module: &dyn Module,
    methods: &M,
    name: &str,
    arguments: &Arguments<'_>,
) -> Entry {
    let problem = match methods.methods().iter().find(|method| method.name() == name) {
        Some(method) => match run(methods, method, arguments) {
            Ok(output) => return output,
            Err(problem) => problem,
        },
        None => match invoke_field(location, module, name, arguments) {
            Some(output) => return output,
            None => unknown_method(name, methods.methods(), module),
        },
    };
    let handle = module.handle();
    let class = handle.identity().class;
    let error = Scope::of(handle).fail(location, |at| Error::Invoke {
        class,
        method: name.to_owned(),
        problem: Box::new(problem),
        at,
    });
    poisoned(error).into()
}

#[track_caller]
fn run<M: Methods + ?Sized>(
    methods: &M,
    method: &'static Method,
    arguments: &Arguments<'_>,
) -> Result<Entry, InvokeProblem> {
    let given = BoundArguments::new(method, arguments)?;
    match methods.run(&given) {
        Ok(Some(output)) => Ok(output),
        Ok(None) => Err(InvokeProblem::NoTensors { method: method.name(), output: method.output() }),
        Err(refusal) => Err(given.problem(refusal)),
    }
}

/// Calls the module in the field of that name, if there is one.
fn invoke_field(
    location: &'static Location<'static>,
    module: &dyn Module,
    field: &str,
    arguments: &Arguments<'_>,
) -> Option<Entry> {
    let mut output = None;
    module.submodules(&mut |name, submodule| {
        if name == field && output.is_none() {
            let methods = submodule.as_methods().unwrap_or(&NoMethods);
            output = Some(invoke_at(location, submodule, methods, "call", arguments));
        }
    });
    output
}

/// Neither a method nor a field has the name.
fn unknown_method(wanted: &str, methods: &[Method], module: &dyn Module) -> InvokeProblem {
    let mut known: Vec<_> =
        methods.iter().map(|method| (method.name().to_owned(), method.without_output())).collect();
    module.submodules(&mut |field, _| known.push((field.to_owned(), field.to_owned())));
    let known = known.iter().map(|(name, shown)| (name.as_str(), shown.as_str()));
    InvokeProblem::UnknownMethod { available: Names::shown(wanted, known) }
}

/// The table of a module without one.
struct NoMethods;

impl Methods for NoMethods {
    fn methods(&self) -> &'static [Method] {
        &[]
    }

    fn run(&self, _given: &BoundArguments<'_>) -> Invoked {
        Ok(None)
    }
}
