//! The trait [`Module`]: initialisation and application from outside, requests for
//! variables and random keys inside.

pub(crate) mod bind;
pub(crate) mod capture;
pub(crate) mod functions;
pub(crate) mod handle;
pub(crate) mod inputs;
pub(crate) mod intercept;
pub(crate) mod invoke;
pub(crate) mod options;
pub(crate) mod record;
pub(crate) mod requests;

use std::panic::Location;

use metamlp_tensor::random::Key;
use metamlp_tensor::{Tensor, Tree, evaluate};

use crate::__private::Visit;
use crate::error::{Error, Line, Result};
use crate::initializers::initializer::Initializer;
use crate::module::bind::Bound;
use crate::module::handle::{Handle, clone_shared};
use crate::module::invoke::{Arguments, Invocable, Methods, invoke};
use crate::module::options::Options;
use crate::module::requests::{module_methods, request_names, requests};
use crate::scope::{Purpose, run};
use crate::summary::{Table, module_paths, tabulate};
use crate::variables::Variables;
use crate::variables::entry::Entry;
use crate::variables::spec::Spec;
use crate::variables::unused::unused_variables;
use crate::variables::variable::Variable;

/// A layer or a model; `#[module]` on a struct implements it.
///
/// A module is a value made of hyper-parameters. Its variables are another
/// value: [`init`](Module::init) creates them, [`apply`](Module::apply) runs the
/// module with them. Neither changes the module, so several threads may apply
/// one module at the same time.
///
/// The other methods are for use inside a module's own methods. They do not
/// return `Result`: after an error they return a tensor that carries it, and the
/// surrounding `init` or `apply` returns the error.
///
/// ```
/// use metamlp::prelude::*;
///
/// /// Multiplies by a learned scalar.
/// #[module]
/// struct Scale {}
///
/// #[compact]
/// impl Scale {
///     fn call(&self, x: &Tensor) -> Tensor {
///         let scale = self.param("scale", initializers::ones(), []);
///         x * scale
///     }
/// }
///
/// let model = Scale::new();
/// let variables = model.init(Key::new(0), |m| m.call(&Tensor::spec([3], F32)))?;
/// let y = model.apply(&variables, Options::new(), |m| m.call(&Tensor::ones([3], F32)))?;
/// assert_eq!(y.to_vec::<f32>()?, [1.0, 1.0, 1.0]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a module",
    label = "`#[compact]` needs a module",
    note = "put `#[module]` on the struct: `#[module] struct {Self} {{ .. }}`"
)]
pub trait Module {
    /// The module's identity.
    #[doc(hidden)]
    fn handle(&self) -> &Handle;

    /// Calls `visit` with the modules in the fields.
    #[doc(hidden)]
    fn submodules(&self, visit: &mut Visit<'_>);

    /// The table of the module's methods, if it has one.
    #[doc(hidden)]
    fn as_methods(&self) -> Option<&dyn Methods> {
        None
    }

    /// Creates the variables that the module's methods ask for when `f` calls them.
    ///
    /// `options` is a [`Key`] for the stream `params`, or [`Rngs`](crate::Rngs), or
    /// [`Options`]. Only the initializers run: inputs may be shapes without values
    /// ([`Tensor::spec`]), as in Flax's `lazy_init`.
    ///
    /// # Errors
    /// The first error of a module: of shapes, names or streams;
    /// [`Error::LazyInit`] if a variable needs the value of an input that has none.
    #[track_caller]
    fn init<R: Tree>(&self, options: impl Into<Options>, f: impl FnOnce(&Self) -> R) -> Result<Variables>
    where
        Self: Sized,
    {
        let (_, variables) = run(self, Purpose::Init, options.into(), f)?;
        initialized(variables)
    }

    /// The variables that [`init`](Module::init) would create, each as a
    /// [`Tensor::spec`]: names, shapes and dtypes. No initializer runs and nothing
    /// is computed, for a model of any size.
    ///
    /// ```
    /// use metamlp::prelude::*;
    ///
    /// let huge = Dense::new(1_000_000);
    /// let variables = huge.eval_shape(Key::new(0), |m| m.call(&Tensor::spec([1, 1_000_000], F32)))?;
    /// assert_eq!(variables.params().size(), 1_000_001_000_000);
    /// assert_eq!(variables.to_string(), "params:\n  kernel: f32[1000000, 1000000]\n  bias: f32[1000000]");
    /// # Ok::<(), metamlp::Error>(())
    /// ```
    ///
    /// # Errors
    /// The errors of `init`, except those of initializers.
    #[track_caller]
    fn eval_shape<R: Tree>(
        &self,
        options: impl Into<Options>,
        f: impl FnOnce(&Self) -> R,
    ) -> Result<Variables>
    where
        Self: Sized,
    {
        let (_, variables) = run(self, Purpose::EvalShape, options.into(), f)?;
        Ok(variables)
    }

    /// A table of the modules that the model calls: inputs, outputs, variables and
    /// their sizes; on request the number of operations.
    ///
    /// Nothing is computed: `f` runs twice on shapes, as in
    /// [`eval_shape`](Module::eval_shape) and as in [`apply`](Module::apply).
    ///
    /// # Errors
    /// The errors of `eval_shape`.
    ///
    /// ```
    /// use metamlp::prelude::*;
    ///
    /// let table = Dense::new(4).tabulate(Key::new(0), |m| m.call(&Tensor::spec([16, 9], F32)))?;
    /// println!("{}", table.flops(true));
    /// # Ok::<(), metamlp::Error>(())
    /// ```
    /// ```text
    ///                                  Dense Summary
    /// ┏━━━━━━┳━━━━━━━━┳━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┳━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━┓
    /// ┃ path ┃ module ┃ inputs        ┃ outputs       ┃ flops ┃ params               ┃
    /// ┡━━━━━━╇━━━━━━━━╇━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━╇━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━┩
    /// │      │ Dense  │ float32[16,9] │ float32[16,4] │ 1216  │ bias: float32[4]     │
    /// │      │        │               │               │       │ kernel: float32[9,4] │
    /// │      │        │               │               │       │                      │
    /// │      │        │               │               │       │ 40 (160 B)           │
    /// ├──────┼────────┼───────────────┼───────────────┼───────┼──────────────────────┤
    /// │      │        │               │               │ Total │ 40 (160 B)           │
    /// └──────┴────────┴───────────────┴───────────────┴───────┴──────────────────────┘
    ///
    ///                          Total Parameters: 40 (160 B)
    /// ```
    #[track_caller]
    fn tabulate<R: Tree>(&self, options: impl Into<Options>, f: impl Fn(&Self) -> R) -> Result<Table>
    where
        Self: Sized,
    {
        tabulate(self, options.into(), f)
    }

    /// The path and class of each module that is called, in the order of the first
    /// calls. The path of the model itself is empty.
    ///
    /// # Errors
    /// The errors of [`eval_shape`](Module::eval_shape).
    ///
    /// ```
    /// use metamlp::prelude::*;
    ///
    /// #[compact]
    /// fn foo(x: &Tensor) -> Tensor {
    ///     relu(&Dense::new(4).call(x))
    /// }
    ///
    /// let paths = foo().module_paths(Key::new(0), |m| m.call(&Tensor::spec([16, 9], F32)))?;
    /// assert_eq!(paths, [(String::new(), "Foo"), ("Dense_0".into(), "Dense")]);
    /// # Ok::<(), metamlp::Error>(())
    /// ```
    #[track_caller]
    fn module_paths<R: Tree>(
        &self,
        options: impl Into<Options>,
        f: impl FnOnce(&Self) -> R,
    ) -> Result<Vec<(String, &'static str)>>
    where
        Self: Sized,
    {
        module_paths(self, options.into(), f)
    }

    /// Like [`init`](Module::init), and returns the output too.
    ///
    /// # Errors
    /// The errors of `init` and of the output.
    #[track_caller]
    fn init_with_output<R: Tree>(
        &self,
        options: impl Into<Options>,
        f: impl FnOnce(&Self) -> R,
    ) -> Result<(R, Variables)>
    where
        Self: Sized,
    {
        Ok(evaluate(run(self, Purpose::Init, options.into(), f)?)?)
    }

    /// Runs `f`, which calls the module's methods, with these variables.
    ///
    /// # Errors
    /// The first error of a module; [`Error::MutableInApply`] if collections are
    /// mutable, since only [`apply_mut`](Module::apply_mut) returns their updates.
    #[track_caller]
    fn apply<R: Tree>(
        &self,
        variables: &Variables,
        options: impl Into<Options>,
        f: impl FnOnce(&Self) -> R,
    ) -> Result<R>
    where
        Self: Sized,
    {
        let options = options.into();
        let mutable = options.mutable_or(false);
        if !mutable.is_empty() {
            return Err(Error::MutableInApply {
                mutable: mutable.to_string(),
                location: Line(Location::caller()),
            });
        }
        let (output, _) = run(self, Purpose::Apply(variables), options, f)?;
        Ok(evaluate(output)?)
    }

    /// Like [`apply`](Module::apply), and returns the whole mutable collections
    /// after the call. `variables` does not change.
    ///
    /// # Errors
    /// The first error of a module; [`Error::UnknownMutable`] for a name in
    /// `mutable` that is probably a misspelt collection.
    #[track_caller]
    fn apply_mut<R: Tree>(
        &self,
        variables: &Variables,
        options: impl Into<Options>,
        f: impl FnOnce(&Self) -> R,
    ) -> Result<(R, Variables)>
    where
        Self: Sized,
    {
        Ok(evaluate(run(self, Purpose::Apply(variables), options.into(), f)?)?)
    }

    /// The paths of the variables that `f` does not read, such as
    /// `params/Dense_2/kernel`. `apply` ignores them, since a checkpoint may have
    /// more variables than a model needs. Nothing is computed.
    ///
    /// ```
    /// use metamlp::prelude::*;
    ///
    /// let x = Tensor::spec([1, 2], F32);
    /// let variables = Dense::new(3).init(Key::new(0), |m| m.call(&x))?;
    /// let plain = Dense::new(3).use_bias(false);
    /// assert_eq!(plain.unused_variables(&variables, (), |m| m.call(&x))?, ["params/bias"]);
    /// # Ok::<(), metamlp::Error>(())
    /// ```
    ///
    /// # Errors
    /// The first error of a module.
    #[track_caller]
    fn unused_variables<R: Tree>(
        &self,
        variables: &Variables,
        options: impl Into<Options>,
        f: impl FnOnce(&Self) -> R,
    ) -> Result<Vec<String>>
    where
        Self: Sized,
    {
        unused_variables(self, variables, options.into(), f)
    }

    /// Binds the module to `variables`: calls on the returned [`Bound`] run one
    /// after another on the same state (Flax's `bind`).
    ///
    /// The calls may change the collections that `options` declares mutable, by
    /// default none. `variables` does not change.
    #[must_use]
    fn bind(&self, variables: &Variables, options: impl Into<Options>) -> Bound<Self>
    where
        Self: Sized + Clone,
    {
        Bound::new(self, variables, options.into())
    }

    /// Calls the method of that name with [`args!`](crate::args), for a name that is
    /// known only at run time. The name of a field with a module calls that module.
    ///
    /// Returns the method's output as an [`Entry`]; an empty tuple for a method
    /// without output. A wrong name, number of arguments or type is an
    /// [`Error::Invoke`], which the entry carries and the surrounding `init` or
    /// `apply` returns; it lists the possible names.
    ///
    /// ```
    /// use metamlp::prelude::*;
    ///
    /// #[module]
    /// struct AutoEncoder { encoder: Dense, decoder: Dense }
    ///
    /// #[compact]
    /// impl AutoEncoder {
    ///     fn call(&self, x: &Tensor) -> Tensor { self.decode(&self.encode(x)) }
    ///     fn encode(&self, x: &Tensor) -> Tensor { self.encoder.call(x) }
    ///     fn decode(&self, z: &Tensor) -> Tensor { self.decoder.call(z) }
    /// }
    ///
    /// let model = AutoEncoder::new(Dense::new(2), Dense::new(5));
    /// let x = Tensor::ones([1, 5], F32);
    /// let variables = model.init(Key::new(0), |m| m.invoke("call", args![&x]))?;
    /// for method in ["encode", "encoder"] {
    ///     let z = model.apply(&variables, (), |m| m.invoke(method, args![&x]).into_tensor())?;
    ///     assert_eq!(z.shape(), [1, 2]);
    /// }
    /// let error = model.apply(&variables, (), |m| m.invoke("encod", args![&x])).unwrap_err();
    /// assert!(error.to_string().contains("did you mean `encode`? there are `call(x: &Tensor)`"));
    /// # Ok::<(), metamlp::Error>(())
    /// ```
    #[track_caller]
    fn invoke(&self, method: &str, arguments: Arguments<'_>) -> Entry
    where
        Self: Invocable + Sized,
    {
        invoke(self, self, method, &arguments)
    }

    /// The same module, with the same name and variables, with other
    /// hyper-parameters: for a submodule in a field whose setting changes from call
    /// to call.
    ///
    /// ```
    /// use metamlp::prelude::*;
    ///
    /// #[module]
    /// struct Normalised {
    ///     norm: BatchNorm,
    /// }
    ///
    /// #[compact]
    /// impl Normalised {
    ///     fn call(&self, x: &Tensor, train: bool) -> Tensor {
    ///         self.norm.with(|norm| norm.use_running_average(!train)).call(x)
    ///     }
    /// }
    ///
    /// let model = Normalised::new(BatchNorm::new());
    /// let variables = model.init(Key::new(0), |m| m.call(&Tensor::spec([4, 3], F32), true))?;
    /// assert_eq!(variables.params().names().collect::<Vec<_>>(), ["norm"]);
    /// # Ok::<(), metamlp::Error>(())
    /// ```
    #[must_use]
    fn with(&self, change: impl FnOnce(Self) -> Self) -> Self
    where
        Self: Sized + Clone,
    {
        change(clone_shared(self))
    }

    requests!(module_methods);
}

/// The methods of [`Module`] that users call and that are not in the table of requests, sorted.
pub const METHODS: &[&str] = &[
    "apply",
    "apply_mut",
    "bind",
    "eval_shape",
    "init",
    "init_with_output",
    "invoke",
    "module_paths",
    "tabulate",
    "unused_variables",
    "with",
];

/// The methods of [`Module`] that are in the table of requests.
pub const REQUESTS: &[&str] = requests!(request_names);

impl<M: Module + ?Sized> Module for Box<M> {
    fn handle(&self) -> &Handle {
        (**self).handle()
    }

    fn submodules(&self, visit: &mut Visit<'_>) {
        (**self).submodules(visit);
    }

    fn as_methods(&self) -> Option<&dyn Methods> {
        (**self).as_methods()
    }
}

/// Evaluates new variables. If a value is missing, an input of the model has no value: the error names the variables that
/// depend on it.
fn initialized(variables: Variables) -> Result<Variables> {
    let types = variables.clone();
    evaluate(variables).map_err(|error| match error {
        metamlp_tensor::Error::NoValue { ty, made, .. } => Error::LazyInit {
            variable: types.without_value().unwrap_or_default(),
            input: ty.to_string(),
            at: made,
        },
        error => error.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::METHODS;

    /// The macros refuse fields that would hide a method: the list must be whole.
    #[test]
    fn every_method_of_module_is_listed() {
        let (_, source) = include_str!("mod.rs").split_once("pub trait Module {").unwrap();
        let (body, _) = source.split_once("\n}\n").unwrap();
        let visible = body.split("\n\n").filter(|item| !item.contains("#[doc(hidden)]"));
        let names = visible.filter_map(|item| item.split_once("\n    fn ")?.1.split(['(', '<']).next());
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        assert_eq!(names, METHODS);
    }
}
