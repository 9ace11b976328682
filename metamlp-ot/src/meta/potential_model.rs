//! The trait of networks that predict potentials. Knows no geometry and no training.

use metamlp::{Module, Tensor};

/// A network that maps two distributions to a potential. [`MetaMLP`](crate::MetaMLP) is one;
/// any `#[module]` can implement it.
///
/// ```
/// use metamlp_core as metamlp;
/// use metamlp_core::prelude::*;
/// use metamlp_ot::{Grid, MetaInitializer, PotentialModel};
///
/// /// An affine map of the difference of the weights.
/// #[module(crate = metamlp_core)]
/// struct Affine {}
///
/// #[compact(crate = metamlp_core)]
/// impl Affine {
///     fn call(&self, a: &Tensor, b: &Tensor) -> Tensor {
///         Dense::new(a.shape()[a.rank() - 1]).call(&(a - b))
///     }
/// }
///
/// impl PotentialModel for Affine {
///     fn potential(&self, a: &Tensor, b: &Tensor) -> Tensor {
///         self.call(a, b)
///     }
/// }
///
/// let grid = Grid::from_size([4], F32, 0.1)?;
/// let meta = MetaInitializer::builder(grid).model(Affine::new()).build(Key::new(0))?;
/// let uniform = Tensor::full([4], 0.25, F32);
/// assert_eq!(meta.predict(&uniform, &uniform)?.to_vec::<f32>()?, [0.0; 4]);
/// # Ok::<(), metamlp_ot::Error>(())
/// ```
pub trait PotentialModel: Module + Send + Sync {
    /// Maps weights `a`, `[.., n]`, and `b`, `[.., m]`, to the potential `f`, `[.., n]`.
    #[track_caller]
    fn potential(&self, a: &Tensor, b: &Tensor) -> Tensor;
}
