//! Convolution.

use metamlp_macros::{compact, module};
use metamlp_tensor::{Convolution, DType, Error, F32, Tensor};

use super::padding::ConvPadding;
use super::spatial::{Moves, Spatial, check_mask, with_batch};
use crate::argument::{invalid, refuse};
use crate::initializers::initializer::Initializer;
use crate::initializers::{lecun_normal, zeros};
use crate::layers::Sizes;
use crate::layers::fields::check;
use crate::layers::fields::promote::promote;
use crate::module::Module;
use crate::variables::spec::Spec;

/// Convolution with a learned kernel over any number of spatial axes (Flax's `Conv`). A
/// cross-correlation: the kernel is not flipped.
///
/// Parameters: `kernel` `[kernel_size.., inputs / feature_group_count, features]` and, with `use_bias`,
/// `bias` `[features]`.
///
/// ```
/// use metamlp::prelude::*;
/// let layer = Conv::new(8, [3, 3]).strides(2);
/// let images = Tensor::ones([4, 28, 28, 1], F32);
/// let variables = layer.init(Key::new(0), |m| m.call(&images))?;
/// assert_eq!(variables.to_string(), "params:\n  kernel: f32[3, 3, 1, 8]\n  bias: f32[8]");
/// assert_eq!(layer.apply(&variables, (), |m| m.call(&images))?.shape(), [4, 14, 14, 8]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct Conv {
    /// Number of output features (channels).
    features: usize,
    /// Shape of the kernel: one extent per spatial axis. Their number is the number of spatial axes.
    #[into]
    kernel_size: Sizes,
    /// Window strides, one number or one per spatial axis.
    #[default(Sizes::from(1))]
    strides: Sizes,
    /// Padding of the spatial axes.
    #[default(ConvPadding::Same)]
    padding: ConvPadding,
    /// Dilation of the input, per spatial axis: `n` puts `n - 1` zeros between elements.
    #[default(Sizes::from(1))]
    input_dilation: Sizes,
    /// Dilation of the kernel, per spatial axis (atrous convolution).
    #[default(Sizes::from(1))]
    kernel_dilation: Sizes,
    /// Number of groups of features, convolved independently. It must divide the input and output
    /// features.
    #[default(1)]
    feature_group_count: usize,
    /// If true, a bias is added.
    #[default(true)]
    use_bias: bool,
    /// Mask for the kernel, of the kernel's shape, multiplied with it.
    #[default(None)]
    mask: Option<Tensor>,
    /// The dtype of the computation; `None` promotes the input and the parameters to a common float
    /// dtype.
    #[default(None)]
    dtype: Option<DType>,
    /// The dtype of the parameters.
    #[default(F32)]
    param_dtype: DType,
    /// Initializer of the kernel.
    #[default(lecun_normal())]
    kernel_init: Initializer,
    /// Initializer of the bias.
    #[default(zeros())]
    bias_init: Initializer,
}

#[compact]
impl Conv {
    /// Maps `[batch.., spatial.., inputs]`, with any number of batch axes, to
    /// `[batch.., spatial.., features]`.
    pub fn call(&self, x: &Tensor) -> Tensor {
        let (moves, kernel_shape) = match self.moves(x) {
            Ok(moves) => moves,
            Err(error) => return refuse(x, error),
        };
        let spec = Spec::new(kernel_shape, self.param_dtype).implied_by(x);
        let mut kernel = self.param("kernel", &self.kernel_init, spec);
        if let Some(mask) = &self.mask {
            kernel = kernel * mask;
        }
        let bias =
            self.use_bias.then(|| self.param("bias", &self.bias_init, ([self.features], self.param_dtype)));
        let [input, kernel, bias] =
            promote([&moves.input, &kernel, bias.as_ref().unwrap_or(&kernel)], self.dtype);
        let convolution = Convolution::new()
            .window_strides(moves.strides)
            .padding(moves.padding)
            .lhs_dilation(moves.input_dilation)
            .rhs_dilation(moves.kernel_dilation)
            .feature_group_count(self.feature_group_count);
        let y = input.conv_general_dilated(&kernel, &convolution);
        with_batch(&if self.use_bias { y + bias } else { y }, &moves.batch)
    }
}

impl Conv {
    /// Checks the fields; returns the geometry of the convolution and the kernel's shape.
    fn moves(&self, x: &Tensor) -> Result<(Moves, Vec<usize>), Error> {
        const NAME: &str = "Conv";
        check::size(NAME, "features", self.features)?;
        check::dtypes(NAME, self.dtype, self.param_dtype)?;
        let spatial = Spatial {
            layer: NAME,
            kernel_size: &self.kernel_size,
            strides: &self.strides,
            padding: &self.padding,
            input_dilation: &self.input_dilation,
            kernel_dilation: &self.kernel_dilation,
        };
        let moves = spatial.moves(x)?;
        let inputs = check::last_axis(NAME, x)?;
        let groups = self.feature_group_count;
        if groups == 0 || !inputs.is_multiple_of(groups) || !self.features.is_multiple_of(groups) {
            let expected = format!("a divisor of the {inputs} inputs and the {} features", self.features);
            return Err(invalid(NAME, "feature_group_count", groups, expected));
        }
        let kernel_shape = [&self.kernel_size[..], &[inputs / groups, self.features]].concat();
        check_mask(NAME, self.mask.as_ref(), &kernel_shape)?;
        Ok((moves, kernel_shape))
    }
}
