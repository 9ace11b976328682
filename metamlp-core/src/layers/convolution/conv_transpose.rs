//! Transposed convolution.

use metamlp_macros::{compact, module};
use metamlp_tensor::{Convolution, DType, Error, F32, Tensor};

use super::padding::ConvPadding;
use super::spatial::{check_mask, one_batch_axis, with_batch};
use crate::argument::{invalid, refuse};
use crate::initializers::initializer::Initializer;
use crate::initializers::{lecun_normal, zeros};
use crate::layers::Sizes;
use crate::layers::fields::check;
use crate::layers::fields::promote::promote;
use crate::module::Module;
use crate::variables::spec::Spec;

/// Transposed convolution (Flax's `ConvTranspose`): each input position adds the kernel, times its
/// value, to the output; positions are `strides` apart.
///
/// Parameters: `kernel` `[kernel_size.., inputs, features]`, or `[kernel_size.., features, inputs]`
/// with `transpose_kernel`, and, with `use_bias`, `bias` `[features]`.
///
/// ```
/// use metamlp::prelude::*;
/// let layer = ConvTranspose::new(8, [3, 3]).strides(2);
/// let x = Tensor::ones([4, 7, 7, 16], F32);
/// let variables = layer.init(Key::new(0), |m| m.call(&x))?;
/// assert_eq!(variables.to_string(), "params:\n  kernel: f32[3, 3, 16, 8]\n  bias: f32[8]");
/// assert_eq!(layer.apply(&variables, (), |m| m.call(&x))?.shape(), [4, 14, 14, 8]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct ConvTranspose {
    /// Number of output features (channels).
    features: usize,
    /// Shape of the kernel: one extent per spatial axis. Their number is the number of spatial axes.
    #[into]
    kernel_size: Sizes,
    /// Window strides: the distance in the output between neighbouring input positions.
    #[default(Sizes::from(1))]
    strides: Sizes,
    /// Padding of the forward convolution that this one transposes: `Same` gives `extent · stride`
    /// outputs. Explicit amounts pad the dilated input. `Reflect` and `Causal` are not supported.
    #[default(ConvPadding::Same)]
    padding: ConvPadding,
    /// Dilation of the kernel, per spatial axis (atrous convolution).
    #[default(Sizes::from(1))]
    kernel_dilation: Sizes,
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
    /// If true, the layer uses the kernel of the forward convolution: it flips the kernel and exchanges its inputs and
    /// outputs.
    #[default(false)]
    transpose_kernel: bool,
}

#[compact]
impl ConvTranspose {
    /// Maps `[batch.., spatial.., inputs]`, with any number of batch axes, to
    /// `[batch.., spatial.., features]`.
    pub fn call(&self, x: &Tensor) -> Tensor {
        let Moves { input, batch, strides, kernel_dilation, padding, kernel_shape } = match self.moves(x) {
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
        let [input, mut kernel, bias] =
            promote([&input, &kernel, bias.as_ref().unwrap_or(&kernel)], self.dtype);
        let spatial = self.kernel_size.len();
        if self.transpose_kernel {
            kernel = (0..spatial).fold(kernel, |kernel, axis| kernel.flip(axis.cast_signed()));
            let order: Vec<usize> = (0..spatial).chain([spatial + 1, spatial]).collect();
            kernel = kernel.transpose(order);
        }
        let convolution =
            Convolution::new().padding(padding).lhs_dilation(strides.clone()).rhs_dilation(kernel_dilation);
        let mut y = input.conv_general_dilated(&kernel, &convolution);
        if self.padding == ConvPadding::Circular {
            for axis in 1..=spatial {
                y = self.folded(&y, axis, input.shape()[axis] * strides[axis - 1]);
            }
        }
        with_batch(&if self.use_bias { y + bias } else { y }, &batch)
    }
}

/// The geometry of the convolution, one entry per spatial axis.
struct Moves {
    input: Tensor,
    batch: Vec<usize>,
    strides: Vec<usize>,
    kernel_dilation: Vec<usize>,
    padding: Vec<(isize, isize)>,
    kernel_shape: Vec<usize>,
}

impl ConvTranspose {
    fn moves(&self, x: &Tensor) -> Result<Moves, Error> {
        const NAME: &str = "ConvTranspose";
        check::size(NAME, "features", self.features)?;
        check::dtypes(NAME, self.dtype, self.param_dtype)?;
        check::sizes(NAME, "kernel_size", &self.kernel_size)?;
        let rank = self.kernel_size.len();
        let strides = check::per_axis(NAME, "strides", &self.strides, rank)?;
        let kernel_dilation = check::per_axis(NAME, "kernel_dilation", &self.kernel_dilation, rank)?;
        let (input, batch) = one_batch_axis(NAME, x, rank)?;
        let mut padding = Vec::with_capacity(rank);
        for axis in 0..rank {
            let reach = (self.kernel_size[axis] - 1).saturating_mul(kernel_dilation[axis]).saturating_add(1);
            check::size(NAME, "kernel_dilation", reach)?;
            let (reach, stride) = (reach.cast_signed(), strides[axis].cast_signed());
            padding.push(match self.padding {
                ConvPadding::Same => {
                    let total = reach + stride - 2;
                    let before = if stride > reach - 1 { reach - 1 } else { (total + 1) / 2 };
                    (before, total - before)
                }
                ConvPadding::Valid | ConvPadding::Circular => {
                    (reach - 1, stride - 1 + (reach - stride).max(0))
                }
                _ => (0, 0),
            });
        }
        if let Some(amounts) = self.padding.explicit(NAME, rank)? {
            padding = amounts;
        } else if [ConvPadding::Reflect, ConvPadding::Causal].contains(&self.padding) {
            return Err(invalid(NAME, "padding", &self.padding, "Same, Valid, Circular or amounts"));
        }
        for axis in 0..rank {
            let spread = (input.shape()[axis + 1] as i128 - 1) * strides[axis] as i128 + 1;
            let reach = (self.kernel_size[axis] as i128 - 1) * kernel_dilation[axis] as i128 + 1;
            let padded = spread + padding[axis].0 as i128 + padding[axis].1 as i128;
            if padded < reach {
                let expected =
                    format!("amounts that leave room for the kernel's extent, {reach}, on axis {axis}");
                return Err(invalid(NAME, "padding", &self.padding, expected));
            }
        }
        let (inputs, features) = (check::last_axis(NAME, x)?, self.features);
        let channels = if self.transpose_kernel { [features, inputs] } else { [inputs, features] };
        let kernel_shape = [&self.kernel_size[..], &channels].concat();
        check_mask(NAME, self.mask.as_ref(), &kernel_shape)?;
        Ok(Moves { input, batch, strides, kernel_dilation, padding, kernel_shape })
    }

    /// Sums `axis` over all its periods of length `period`, for circular padding.
    fn folded(&self, y: &Tensor, axis: usize, period: usize) -> Tensor {
        let extent = y.shape()[axis];
        // Pad to a whole number of periods; an odd element goes to one side.
        let missing = (period.cast_signed() - extent.cast_signed()).rem_euclid(2 * period.cast_signed());
        let missing = missing.cast_unsigned();
        let (less, more) = (missing / 2, missing - missing / 2);
        let (mut low, mut high) = (vec![0; y.rank()], vec![0; y.rank()]);
        (low[axis], high[axis]) = if self.transpose_kernel { (less, more) } else { (more, less) };
        let padded = y.pad(low, high, 0);
        let (before, after) = (&y.shape()[..axis], &y.shape()[axis + 1..]);
        let periods = padded.shape()[axis] / period;
        padded.reshape([before, &[periods, period], after].concat()).sum([axis.cast_signed()])
    }
}
