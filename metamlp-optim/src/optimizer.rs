//! An optimizer: a gradient transformation applied to any tree.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use metamlp_tensor::{Error, Result, Source, Tree, evaluate};

use crate::leaves::Leaves;
use crate::state::State;
use crate::transformation::GradientTransformation;

/// A rule that turns gradients into updates of the parameters. A clone shares it.
///
/// Only float tensors are optimized; the updates of other tensors are 0.
///
/// Two optimizers are equal if one is a clone of the other. Under `jit` an optimizer is a static part
/// of the program, so create it once, not at each step.
#[derive(Clone)]
pub struct Optimizer {
    transformation: Arc<dyn GradientTransformation>,
    id: u64,
}

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

impl Optimizer {
    /// The optimizer of `transformation`.
    #[must_use]
    pub fn new(transformation: impl GradientTransformation + 'static) -> Self {
        Self { transformation: Arc::new(transformation), id: NEXT_ID.fetch_add(1, Ordering::Relaxed) }
    }

    /// The state before the first step.
    #[must_use]
    pub fn init(&self, params: &impl Tree) -> State {
        let state = self.transformation.init(&Leaves::floats(params));
        // The error stays in the tensors, and the first update returns it.
        evaluate(state.clone()).unwrap_or(state)
    }

    /// Returns the updates for `grads`, to be added to the parameters by [`apply_updates`], and the
    /// next state, whose tensors keep their dtypes. Some optimizers need `params`,
    /// [`adamw`](crate::adamw) for instance.
    ///
    /// # Errors
    /// [`Error::TreeMismatch`](metamlp_tensor::Error::TreeMismatch) if the trees differ in a path or a shape;
    /// [`Error::Argument`](metamlp_tensor::Error::Argument) for a hyper-parameter out of range or missing `params`;
    /// any error that a tensor carries.
    #[track_caller]
    pub fn update<P: Tree>(&self, grads: &P, state: &State, params: Option<&P>) -> Result<(P, State)> {
        let source = Source::here();
        let leaves = Leaves::floats(grads);
        leaves.error()?;
        let params = params.map(Leaves::floats);
        if let Some(params) = &params {
            leaves.matches("the gradients", params, "the parameters", &source)?;
        }
        let checked = self.transformation.check();
        let step = checked.and_then(|()| self.transformation.update(leaves.clone(), state, params.as_ref()));
        let (updates, next) = step.map_err(|error| error.at(&source))?;
        updates.matches("the updates", &leaves, "the gradients", &source)?;
        let next = next.with_dtypes_of(state);

        let mut updates = updates.tensors().iter();
        let updates = grads.map(&mut |grad| {
            let update = if grad.dtype().is_float() { updates.next() } else { None };
            update.cloned().unwrap_or_else(|| grad.zeros_like())
        });
        evaluate((updates, next)).map_err(|error| outside(error, &source))
    }

    pub(crate) fn transformation(&self) -> &dyn GradientTransformation {
        &*self.transformation
    }
}

/// `params + updates`; each parameter keeps its dtype.
///
/// # Errors
/// [`Error::TreeMismatch`](metamlp_tensor::Error::TreeMismatch) if the trees differ in a path or a
/// shape; any error that a tensor carries.
///
/// ```
/// use metamlp_optim::apply_updates;
/// use metamlp_tensor::Tensor;
/// let moved = apply_updates(&Tensor::scalar(2.0f32), &Tensor::scalar(-0.5f32))?;
/// assert_eq!(moved.item::<f32>()?, 1.5);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
pub fn apply_updates<P: Tree>(params: &P, updates: &P) -> Result<P> {
    let leaves = Leaves::of(updates);
    leaves.error()?;
    leaves.matches("the updates", &Leaves::of(params), "the parameters", &Source::here())?;
    let mut updates = leaves.tensors().iter();
    let moved = params.map(&mut |param| match updates.next() {
        Some(update) => (param + update).convert(param.dtype()),
        None => param.clone(),
    });
    evaluate(moved)
}

/// Moves the line of an error out of this crate's sources, to `source`. That of a transformation of the user's stays.
fn outside(mut error: Error, source: &Source) -> Error {
    let this = file!();
    let sources = this.strip_suffix("optimizer.rs").expect("this file is `optimizer.rs`");
    let is_own = error.source_line_mut().is_some_and(|own| own.location.file().starts_with(sources));
    if is_own { error.at(source) } else { error }
}

impl<T: GradientTransformation + 'static> From<T> for Optimizer {
    fn from(transformation: T) -> Self {
        Self::new(transformation)
    }
}

impl From<&Optimizer> for Optimizer {
    fn from(optimizer: &Optimizer) -> Self {
        optimizer.clone()
    }
}

impl PartialEq for Optimizer {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Optimizer {}

impl Hash for Optimizer {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl fmt::Debug for Optimizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.transformation.fmt(f)
    }
}
