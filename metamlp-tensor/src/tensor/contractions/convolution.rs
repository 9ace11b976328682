//! Convolutions in the layout of Flax's layers, channels last.

use crate::error::{Error, Problem, argument};
use crate::graph::node::Tensor;
use crate::graph::op::Op;
use crate::graph::source::Source;
use crate::shape::Axes;
use crate::tensor::Padding;
use crate::tensor::padding::Movement;
use crate::window::WindowAxis;

/// The options of [`Tensor::conv_general_dilated`]. By default strides, dilations and the number of groups are 1, and there
/// is no padding.
///
/// ```
/// use metamlp_tensor::{Convolution, Padding};
/// let halving = Convolution::new().window_strides([2, 2]).padding(Padding::Same);
/// let causal = Convolution::new().padding([(2, 0)]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Convolution {
    window_strides: Vec<usize>,
    padding: Padding,
    lhs_dilation: Vec<usize>,
    rhs_dilation: Vec<usize>,
    feature_group_count: usize,
}

impl Default for Convolution {
    fn default() -> Self {
        Self::new()
    }
}

impl Convolution {
    /// The defaults: stride 1, no dilation, one group, no padding.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            window_strides: Vec::new(),
            padding: Padding::Valid,
            lhs_dilation: Vec::new(),
            rhs_dilation: Vec::new(),
            feature_group_count: 1,
        }
    }

    /// The distance from one position of the kernel to the next, for each spatial axis.
    #[must_use]
    pub fn window_strides(mut self, strides: impl Into<Vec<usize>>) -> Self {
        self.window_strides = strides.into();
        self
    }

    /// Zeros around the spatial axes.
    #[must_use]
    pub fn padding(mut self, padding: impl Into<Padding>) -> Self {
        self.padding = padding.into();
        self
    }

    /// `lhs_dilation[i] - 1` zeros between neighbours of the operand on spatial axis `i`: a fractionally strided
    /// (transposed) convolution.
    #[must_use]
    pub fn lhs_dilation(mut self, dilation: impl Into<Vec<usize>>) -> Self {
        self.lhs_dilation = dilation.into();
        self
    }

    /// `rhs_dilation[i] - 1` elements are skipped between neighbours of the kernel on spatial axis `i`: an atrous
    /// convolution.
    #[must_use]
    pub fn rhs_dilation(mut self, dilation: impl Into<Vec<usize>>) -> Self {
        self.rhs_dilation = dilation.into();
        self
    }

    /// The number of groups of features that are convolved independently. With one group for each input feature it is a
    /// depthwise convolution.
    #[must_use]
    pub const fn feature_group_count(mut self, count: usize) -> Self {
        self.feature_group_count = count;
        self
    }

    /// The window of each spatial axis.
    #[track_caller]
    fn windows(&self, extents: &[usize], sizes: &[usize]) -> Result<Vec<WindowAxis>, Error> {
        let movement = Movement {
            op: OP,
            axes: "spatial axes",
            strides: ("window_strides", &self.window_strides),
            padding: &self.padding,
            base_dilations: ("lhs_dilation", &self.lhs_dilation),
            window_dilations: ("rhs_dilation", &self.rhs_dilation),
        };
        movement.windows(extents, ("kernel", sizes))
    }
}

const OP: &str = "conv_general_dilated";

impl Tensor {
    /// Convolution for any number of spatial axes, JAX's `conv_general_dilated` with channels last:
    /// `[batch, spatial.., features]` by a kernel `[spatial.., features / groups, out]` is `[batch, spatial.., out]`. It is
    /// a cross-correlation: the kernel is not flipped.
    ///
    /// ```
    /// use metamlp_tensor::{Convolution, F32, Padding, Tensor};
    /// let images = Tensor::ones([8, 28, 28, 3], F32);
    /// let kernel = Tensor::ones([3, 3, 3, 32], F32);
    /// let halved = Convolution::new().window_strides([2, 2]).padding(Padding::Same);
    /// assert_eq!(images.conv_general_dilated(&kernel, &halved).shape(), [8, 14, 14, 32]);
    ///
    /// let signal = Tensor::from_vec([1, 4, 1], vec![1.0f32, 2.0, 4.0, 8.0]);
    /// let difference = Tensor::from_vec([2, 1, 1], vec![-1.0f32, 1.0]);
    /// let steps = signal.conv_general_dilated(&difference, &Convolution::new());
    /// assert_eq!(steps.to_vec::<f32>()?, [1.0, 2.0, 4.0]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn conv_general_dilated(&self, kernel: &Tensor, convolution: &Convolution) -> Tensor {
        let dtype = self.dtype().promote(kernel.dtype());
        let (operand, kernel) = (self.convert(dtype), kernel.convert(dtype));
        if let Some(poisoned) = [&operand, &kernel].into_iter().find(|tensor| tensor.0.poison.is_some()) {
            return poisoned.clone();
        }
        let groups = convolution.feature_group_count;
        let problem = |problem: String, source: Source| {
            let types = vec![operand.0.ty.clone(), kernel.0.ty.clone()];
            operand.poisoned_like(Problem::Shape(problem).at(OP, types, source))
        };
        let (Some(spatial), true) = (operand.rank().checked_sub(2), operand.rank() == kernel.rank()) else {
            let expected = "expected [batch, spatial.., features] by [spatial.., features, out]";
            return problem(expected.to_owned(), Source::here());
        };
        let (features, out) = (operand.shape()[spatial + 1], kernel.shape()[spatial + 1]);
        // Every number divides 0, but 0 features are not several groups.
        let most = features.max(out).max(1);
        if !(1..=most).contains(&groups) || !features.is_multiple_of(groups) || !out.is_multiple_of(groups) {
            let expected = format!("a divisor of the {features} input and of the {out} output features");
            return operand.poisoned_like(argument(
                OP,
                "feature_group_count",
                groups,
                expected,
                Source::here(),
            ));
        }
        if kernel.shape()[spatial] != features / groups {
            let of = if groups == 1 { String::new() } else { format!(" in {groups} groups") };
            let takes = kernel.shape()[spatial];
            return problem(
                format!("the operand has {features} features{of}, the kernel takes {takes}"),
                Source::here(),
            );
        }
        let windows = match convolution.windows(&operand.shape()[1..=spatial], &kernel.shape()[..spatial]) {
            Ok(windows) => windows,
            Err(error) => return operand.poisoned_like(error),
        };
        for (axis, (window, &extent)) in windows.iter().zip(&operand.shape()[1..]).enumerate() {
            if let Err(wrong) = window.places(extent) {
                return problem(format!("spatial axis {axis} has {wrong}"), Source::here());
            }
        }
        // The operation has an axis for the groups.
        let grouped = |shape: &[usize], features: usize| -> Axes {
            shape[..shape.len() - 1].iter().copied().chain([groups, features / groups]).collect()
        };
        let operand = operand.reshape(grouped(operand.shape(), features));
        let kernel = kernel.reshape(grouped(kernel.shape(), out));
        let order: Axes = (0..spatial).chain([spatial + 1, spatial, spatial + 2]).collect();
        let result = operand.convolution(&kernel.transpose(order), windows);
        let shape: Axes = result.shape()[..=spatial].iter().copied().chain([out]).collect();
        result.reshape(shape)
    }

    /// [`Op::Convolution`], or a matrix product if all windows are trivial.
    #[track_caller]
    pub(crate) fn convolution(&self, kernel: &Tensor, windows: Vec<WindowAxis>) -> Tensor {
        let spatial = windows.len();
        let is_product = self.rank() == spatial + 3
            && kernel.rank() == spatial + 3
            && kernel.shape()[spatial] == 1
            && windows.iter().all(WindowAxis::is_trivial);
        if is_product {
            let shape = |shape: &[usize], extents: &[usize]| -> Axes {
                shape.iter().chain(extents).copied().collect()
            };
            let (features, out) = (self.shape()[spatial + 2], kernel.shape()[spatial + 2]);
            let operand = self.reshape(shape(&self.shape()[..=spatial], &[features]));
            let product = operand.matmul(&kernel.reshape([features, out]));
            return product.reshape(shape(&self.shape()[..=spatial], &[1, out]));
        }
        Self::apply(Op::Convolution(windows.into()), [self.clone(), kernel.clone()])
    }
}
