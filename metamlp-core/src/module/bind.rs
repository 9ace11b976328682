//! A model bound to variables: calls run one after another on one state.

use std::fmt;
use std::panic::Location;

use metamlp_tensor::{Tree, evaluate};

use crate::error::{Error, Line, Result};
use crate::module::Module;
use crate::module::handle::clone_shared;
use crate::module::options::Options;
use crate::scope::{Frame, Purpose, Root, Snapshot, root_frame, run_in};
use crate::variables::Variables;

/// A model and the state that it runs in; made by [`Module::bind`].
///
/// For interactive use: writes to the mutable collections are visible to the
/// next call, and the counters of the random streams go on, so that each call
/// draws other keys. For training use [`apply_mut`](Module::apply_mut), which
/// changes no state.
///
/// Calls from several threads take turns.
///
/// ```
/// use metamlp::prelude::*;
///
/// #[module]
/// struct AutoEncoder { encoder: Dense, decoder: Dense }
///
/// #[compact]
/// impl AutoEncoder {
///     fn call(&self, x: &Tensor) -> Tensor { self.decoder.call(&self.encoder.call(x)) }
/// }
///
/// let model = AutoEncoder::new(Dense::new(2), Dense::new(3));
/// let variables = model.init(Key::new(0), |m| m.call(&Tensor::spec([1, 3], F32)))?;
///
/// let bound = model.bind(&variables, ());
/// let z = bound.run(|m| m.encoder.call(&Tensor::ones([1, 3], F32)))?;
/// let y = bound.at(|m| &m.decoder)?.run(|decoder| decoder.call(&z))?;
/// assert_eq!(y.shape(), [1, 3]);
///
/// let (decoder, variables) = bound.at(|m| &m.decoder)?.unbind();
/// assert_eq!(variables.to_string(), "params:\n  kernel: f32[2, 3]\n  bias: f32[3]");
/// assert_eq!(decoder.apply(&variables, (), |m| m.call(&z))?.shape(), [1, 3]);
/// # Ok::<(), metamlp::Error>(())
/// ```
pub struct Bound<M> {
    /// The bound model: a copy with the same modules, by identity.
    model: M,
    /// The frame in which it runs.
    frame: Frame,
}

impl<M: Module + Clone> Bound<M> {
    pub(crate) fn new(model: &M, variables: &Variables, options: Options) -> Self {
        let model = clone_shared(model);
        let frame = root_frame(&model, Purpose::Apply(variables), options);
        Self { model, frame }
    }

    /// Runs `f`, which calls the module's methods, on the current state, and
    /// evaluates its output and the variables that it writes.
    ///
    /// # Errors
    /// The first error of a module. The variables are then restored.
    #[track_caller]
    pub fn run<R: Tree>(&self, f: impl FnOnce(&M) -> R) -> Result<R> {
        let _turn = self.frame.root.take_turn();
        let before = Rollback::new(&self.frame.root);
        let (output, _) = evaluate(run_in(self.frame.clone(), || f(&self.model))?)?;
        before.keep();
        Ok(output)
    }

    /// The current variables of this module in every collection.
    #[must_use]
    pub fn variables(&self) -> Variables {
        self.frame.root.state().variables(self.frame.scope)
    }

    /// A module in a field of this one, directly or below, bound to the same state.
    ///
    /// # Errors
    /// [`Error::NotAField`] if `f` returns a module that is in a struct which is not a module.
    #[track_caller]
    pub fn at<N: Module + Clone>(&self, f: impl FnOnce(&M) -> &N) -> Result<Bound<N>> {
        let location = Line(Location::caller());
        let model = clone_shared(f(&self.model));
        let identity = model.handle().identity();
        let scope = self.frame.root.state().bound_scope(identity.id);
        let scope = scope.ok_or_else(|| Error::NotAField {
            class: identity.class,
            of: self.model.handle().identity().class,
            location,
        })?;
        Ok(Bound { model, frame: Frame { scope, ..self.frame.clone() } })
    }

    /// The unbound module and its [`variables`](Bound::variables), to apply the module alone.
    #[must_use]
    pub fn unbind(self) -> (M, Variables) {
        (self.model.clone(), self.variables())
    }
}

/// The model's class and the variables.
impl<M: Module> fmt::Debug for Bound<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound")
            .field("model", &self.model.handle().identity().class)
            .field("variables", &self.frame.root.state().variables(self.frame.scope))
            .finish()
    }
}

/// Restores the variables after an error or a panic.
struct Rollback<'a> {
    root: &'a Root,
    before: Option<Snapshot>,
}

impl<'a> Rollback<'a> {
    fn new(root: &'a Root) -> Self {
        Self { root, before: Some(root.snapshot()) }
    }

    fn keep(mut self) {
        self.before = None;
    }
}

impl Drop for Rollback<'_> {
    fn drop(&mut self) {
        if let Some(before) = self.before.take() {
            self.root.restore(before);
        }
    }
}
