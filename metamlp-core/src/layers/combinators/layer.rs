//! One element of a [`Sequential`](super::Sequential): a module of any type, or a function.

use std::fmt;
use std::sync::Arc;

use metamlp_tensor::{Tensor, Tree};

use crate::__private::{Submodules, Visit};
use crate::module::Module;
use crate::module::invoke::{Arguments, InvokeProblem, Methods, invoke};
use crate::variables::entry::Entry;
use crate::variables::tuple::Tuple;

/// A module with a method `call`, or a function of one tensor.
///
/// A clone of a layer holds a clone of the module, which has an identity of its own.
#[derive(Clone)]
pub struct Layer(Kind);

#[derive(Clone)]
enum Kind {
    Module(Box<dyn Chained>),
    Function(Arc<Function>),
}

type Function = dyn Fn(&Tensor) -> Entry + Send + Sync;

impl Layer {
    /// A layer that computes `f`.
    pub fn function<R: Tree>(f: impl Fn(&Tensor) -> R + Send + Sync + 'static) -> Self {
        let f = move |x: &Tensor| Entry::from_tree(&f(x)).unwrap_or_else(|| Tuple::new().into());
        Self(Kind::Function(Arc::new(f)))
    }

    pub(super) fn call(&self, inputs: &Arguments<'_>) -> Result<Entry, InvokeProblem> {
        match &self.0 {
            Kind::Module(module) => Ok(module.forward(inputs)),
            Kind::Function(f) => match inputs.only::<Tensor>() {
                Some(x) => Ok(f(x)),
                None => Err(InvokeProblem::NotOneTensor { found: format!("{inputs:?}") }),
            },
        }
    }
}

/// A layer that calls the module.
impl<M: Chained + 'static> From<M> for Layer {
    fn from(module: M) -> Self {
        Self(Kind::Module(Box::new(module)))
    }
}

impl Submodules for Layer {
    fn submodules(&self, name: &str, visit: &mut Visit<'_>) {
        if let Kind::Module(module) = &self.0 {
            visit(name, &**module);
        }
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Module(module) => module.fmt(f),
            Kind::Function(_) => f.write_str("fn"),
        }
    }
}

/// Modules that can be layers of a [`Sequential`](super::Sequential): with a method `call`, and
/// `Clone`, `Debug`, `Send` and `Sync`. Modules of `#[module]` are, unless a field is not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a layer of a `Sequential`",
    label = "not a module with a method `call`",
    note = "a layer has `#[module]`, and `call` in its `#[compact]` block; its fields are `Send` and `Sync`",
    note = "a function goes to `.then_fn(..)`"
)]
pub trait Chained: Module + fmt::Debug + Send + Sync {
    /// Calls the method `call`.
    #[doc(hidden)]
    fn forward(&self, inputs: &Arguments<'_>) -> Entry;

    /// A boxed clone.
    #[doc(hidden)]
    fn boxed(&self) -> Box<dyn Chained>;
}

#[diagnostic::do_not_recommend]
impl<M: Module + Methods + Clone + fmt::Debug + Send + Sync + 'static> Chained for M {
    fn forward(&self, inputs: &Arguments<'_>) -> Entry {
        invoke(self, self, "call", inputs)
    }

    fn boxed(&self) -> Box<dyn Chained> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Chained> {
    fn clone(&self) -> Self {
        (**self).boxed()
    }
}
