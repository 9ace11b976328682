//! Pooling: sums and extrema under a moving window.

use crate::error::{Error, Problem};
use crate::graph::node::Tensor;
use crate::graph::op::{Op, Reduction};
use crate::graph::source::Source;
use crate::tensor::Padding;
use crate::tensor::padding::Movement;
use crate::window::WindowAxis;

/// A window over every axis, for [`Tensor::reduce_window_sum`], [`Tensor::reduce_window_max`] and
/// [`Tensor::reduce_window_min`]. By default strides and dilations are 1 and there is no padding.
///
/// ```
/// use metamlp_tensor::{F32, Padding, Tensor, Window};
/// let pool = Window::new([1, 2, 2, 1]).strides([1, 2, 2, 1]).padding(Padding::Same);
/// assert_eq!(Tensor::ones([8, 7, 7, 3], F32).reduce_window_max(&pool).shape(), [8, 4, 4, 3]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    sizes: Vec<usize>,
    strides: Vec<usize>,
    padding: Padding,
    base_dilation: Vec<usize>,
    window_dilation: Vec<usize>,
}

impl Window {
    /// A window with `sizes[i]` elements along axis `i`.
    #[must_use]
    pub fn new(sizes: impl Into<Vec<usize>>) -> Self {
        Self {
            sizes: sizes.into(),
            strides: Vec::new(),
            padding: Padding::Valid,
            base_dilation: Vec::new(),
            window_dilation: Vec::new(),
        }
    }

    /// The distance from one position of the window to the next, for each axis.
    #[must_use]
    pub fn strides(mut self, strides: impl Into<Vec<usize>>) -> Self {
        self.strides = strides.into();
        self
    }

    /// Padding around the operand. Its elements are neutral: 0 in a sum, -inf in a maximum.
    #[must_use]
    pub fn padding(mut self, padding: impl Into<Padding>) -> Self {
        self.padding = padding.into();
        self
    }

    /// `dilation[i] - 1` elements of padding between neighbours of the operand on axis `i`.
    #[must_use]
    pub fn base_dilation(mut self, dilation: impl Into<Vec<usize>>) -> Self {
        self.base_dilation = dilation.into();
        self
    }

    /// `dilation[i] - 1` elements are skipped between neighbours of the window on axis `i`.
    #[must_use]
    pub fn window_dilation(mut self, dilation: impl Into<Vec<usize>>) -> Self {
        self.window_dilation = dilation.into();
        self
    }

    #[track_caller]
    fn windows(&self, op: &'static str, extents: &[usize]) -> Result<Vec<WindowAxis>, Error> {
        let movement = Movement {
            op,
            axes: "axes",
            strides: ("strides", &self.strides),
            padding: &self.padding,
            base_dilations: ("base_dilation", &self.base_dilation),
            window_dilations: ("window_dilation", &self.window_dilation),
        };
        movement.windows(extents, ("sizes", &self.sizes))
    }
}

impl Tensor {
    /// Sum under each position of `window`, of shape `[positions along each axis..]`.
    ///
    /// ```
    /// use metamlp_tensor::{Tensor, Window};
    /// let x = Tensor::from_vec([4], vec![1, 2, 4, 8]);
    /// let sums = x.reduce_window_sum(&Window::new([2]).padding([(1, 0)]));
    /// assert_eq!(sums.to_vec::<i32>()?, [1, 3, 6, 12]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn reduce_window_sum(&self, window: &Window) -> Tensor {
        self.reduce_window(Reduction::Sum, "reduce_window_sum", window)
    }

    /// Maximum under each position of `window`; NaN if any element under it is NaN. Among equal elements the first one
    /// gets the whole gradient, as in XLA.
    ///
    /// ```
    /// use metamlp_tensor::{Tensor, Window};
    /// let x = Tensor::from_vec([4], vec![1.0f32, 3.0, 2.0, 8.0]);
    /// let largest = x.reduce_window_max(&Window::new([2]).strides([2]));
    /// assert_eq!(largest.to_vec::<f32>()?, [3.0, 8.0]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn reduce_window_max(&self, window: &Window) -> Tensor {
        self.reduce_window(Reduction::Max, "reduce_window_max", window)
    }

    /// Minimum under each position of `window`; NaN if any element under it is NaN.
    #[track_caller]
    #[must_use]
    pub fn reduce_window_min(&self, window: &Window) -> Tensor {
        self.reduce_window(Reduction::Min, "reduce_window_min", window)
    }

    #[track_caller]
    fn reduce_window(&self, kind: Reduction, op: &'static str, window: &Window) -> Tensor {
        let windows = match window.windows(op, self.shape()) {
            Ok(windows) => windows,
            Err(error) => return self.poisoned_like(error),
        };
        for (axis, (window, &extent)) in windows.iter().zip(self.shape()).enumerate() {
            if let Err(wrong) = window.places(extent) {
                let problem = Problem::Shape(format!("axis {axis} has {wrong}"));
                return self.poisoned_like(problem.at(op, vec![self.0.ty.clone()], Source::here()));
            }
        }
        self.window_reduction(kind, windows)
    }

    /// [`Op::ReduceWindow`].
    #[track_caller]
    pub(crate) fn window_reduction(&self, kind: Reduction, windows: Vec<WindowAxis>) -> Tensor {
        Self::apply(Op::ReduceWindow { kind, windows: windows.into() }, [self.clone()])
    }
}
