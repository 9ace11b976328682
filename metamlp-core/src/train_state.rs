//! The state of a training. Knows variables and optimizers, and of the model only its class.

use metamlp_macros::Tree;
use metamlp_optim::{self as optim, Optimizer, apply_updates};
use metamlp_tensor::{Error, Result, Source, Tensor, deferred, evaluate};

use crate::module::Module;
use crate::variables::Variables;
use crate::variables::map::Map;

/// The parameters of a model in training, with the optimizer and its state (Flax's `TrainState`).
///
/// An immutable value: a step returns a new one. It is a [`Tree`](metamlp_tensor::Tree), so a step can
/// be compiled; the optimizer is a static part of the program.
///
/// ```
/// use metamlp::prelude::*;
/// let model = Dense::new(1);
/// let variables = model.init(Key::new(0), |m| m.call(&Tensor::spec([1, 2], F32)))?;
/// let tx = optim::chain([optim::clip_by_global_norm(1.0), optim::adam(0.1)]);
/// let mut state = TrainState::new(&model, variables, tx);
/// let step = jit(move |state: TrainState, (x, y): (Tensor, Tensor)| {
///     let (loss, grads) = value_and_grad(&state.params, |p| {
///         let found = model.apply(&state.variables(p), Options::new(), |m| m.call(&x))?;
///         Ok((found - &y).square().mean_all())
///     })?;
///     Ok((state.apply_gradients(&grads)?, loss))
/// });
/// let batch = (Tensor::from_vec([2, 2], vec![1.0f32, 2.0, 3.0, 4.0]), Tensor::ones([2, 1], F32));
/// let mut losses = Vec::new();
/// for _ in 0..100 {
///     let (next, loss) = step(state, batch.clone())?;
///     state = next;
///     losses.push(loss.item::<f32>()?);
/// }
/// assert_eq!(state.step.item::<i32>()?, 100);
/// assert!(losses[99] < 0.01 * losses[0]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[derive(Clone, Debug, Tree)]
pub struct TrainState {
    #[tree(static)]
    model: &'static str,
    /// Number of steps taken, `i32`, shape `[]`.
    pub step: Tensor,
    /// The collection `params`.
    pub params: Map,
    /// The state of the optimizer.
    pub opt_state: optim::State,
    /// All other collections, `batch_stats` for instance.
    pub collections: Variables,
    /// The optimizer.
    #[tree(static)]
    pub tx: Optimizer,
}

impl TrainState {
    /// The state before the first step, from the `variables` of `model.init` and an optimizer `tx`.
    pub fn new(model: &impl Module, variables: Variables, tx: impl Into<Optimizer>) -> Self {
        let (mut collections, tx) = (variables, tx.into());
        let params = collections.remove("params").unwrap_or_default();
        let opt_state = tx.init(&params);
        let model = model.handle().identity().class;
        Self { model, step: Tensor::scalar(0), params, opt_state, collections, tx }
    }

    /// All variables with `params` in place of the own parameters, for the function to differentiate.
    #[must_use]
    pub fn variables(&self, params: &Map) -> Variables {
        Variables::from_params(params.clone()).updated(self.collections.clone())
    }

    /// Applies one step of the optimizer with `grads`, a tree like `params`.
    ///
    /// # Errors
    /// Those of [`Optimizer::update`]: gradients that do not match the parameters or carry an error,
    /// and hyper-parameters out of range.
    #[track_caller]
    pub fn apply_gradients(&self, grads: &Map) -> Result<Self> {
        let source = Source::here();
        let stepped = deferred(|| {
            let (updates, opt_state) = self.tx.update(grads, &self.opt_state, Some(&self.params))?;
            Ok((apply_updates(&self.params, &updates)?, opt_state, &self.step + 1))
        });
        let (params, opt_state, step) = evaluate(stepped.map_err(|error: Error| error.at(&source))?)?;
        Ok(Self { step, params, opt_state, ..self.clone() })
    }

    /// Replaces collections by those of `updates`, the second result of
    /// [`apply_mut`](crate::Module::apply_mut).
    #[must_use]
    pub fn updated(mut self, mut updates: Variables) -> Self {
        if let Some(params) = updates.remove("params") {
            self.params = params;
        }
        self.collections = self.collections.updated(updates);
        self
    }
}
