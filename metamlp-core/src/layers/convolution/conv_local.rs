//! Locally connected convolution.

use metamlp_macros::{compact, module};
use metamlp_tensor::{DType, Error, F32, Tensor};

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

/// A convolution with a separate kernel at every output position (Flax's `ConvLocal`).
///
/// Parameters: `kernel` `[spatial.., product of kernel_size · inputs, features]` and, with `use_bias`,
/// `bias` `[spatial.., features]`, where `spatial` is the output's spatial shape.
///
/// ```
/// use metamlp::prelude::*;
/// let layer = ConvLocal::new(2, [3, 3]).padding(ConvPadding::Valid);
/// let x = Tensor::ones([4, 6, 5, 1], F32);
/// let variables = layer.init(Key::new(0), |m| m.call(&x))?;
/// assert_eq!(variables.to_string(), "params:\n  kernel: f32[4, 3, 9, 2]\n  bias: f32[4, 3, 2]");
/// assert_eq!(layer.apply(&variables, (), |m| m.call(&x))?.shape(), [4, 4, 3, 2]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct ConvLocal {
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
impl ConvLocal {
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
        let bias = self.use_bias.then(|| {
            let spec = Spec::new([&moves.places[..], &[self.features]].concat(), self.param_dtype);
            self.param("bias", &self.bias_init, spec.implied_by(x))
        });
        let [input, kernel, bias] =
            promote([&moves.input, &kernel, bias.as_ref().unwrap_or(&kernel)], self.dtype);

        // One product per output position: [spatial.., batch, features].
        let spatial = moves.places.len();
        let places: Vec<usize> = (0..spatial).collect();
        let behind_batch: Vec<usize> = (1..=spatial).collect();
        let products = patches(&input, &moves).dot_general(
            &kernel,
            (&[spatial + 1], &[spatial]),
            (&behind_batch, &places),
        );
        let order: Vec<usize> = [spatial].into_iter().chain(places).chain([spatial + 1]).collect();
        let y = products.transpose(order);
        with_batch(&if self.use_bias { y + bias } else { y }, &moves.batch)
    }
}

impl ConvLocal {
    /// Checks the fields; returns the geometry of the convolution and the kernel's shape.
    fn moves(&self, x: &Tensor) -> Result<(Moves, Vec<usize>), Error> {
        const NAME: &str = "ConvLocal";
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
        let patch = self.kernel_size.iter().try_fold(inputs, |patch, &size| patch.checked_mul(size));
        let Some(patch) = patch else {
            return Err(invalid(
                NAME,
                "kernel_size",
                &self.kernel_size,
                "extents whose product does not overflow",
            ));
        };
        let kernel_shape = [&moves.places[..], &[patch, self.features]].concat();
        check_mask(NAME, self.mask.as_ref(), &kernel_shape)?;
        if padded_elements(&moves).is_none_or(|elements| elements > MOST_PADDED) {
            let expected =
                format!("amounts with which the dilated and padded input has at most {MOST_PADDED} elements");
            return Err(invalid(NAME, "padding", format!("{:?}", moves.padding), expected));
        }
        Ok((moves, kernel_shape))
    }
}

/// Most elements of the padded input. This layer stores the padding in memory, which `Conv` does not, so a huge
/// dilation must be an error before memory is allocated.
const MOST_PADDED: usize = 1 << 28;

/// The number of elements of the dilated and padded input; `None` on overflow.
fn padded_elements(moves: &Moves) -> Option<usize> {
    let shape = moves.input.shape();
    let mut elements = shape[0].checked_mul(shape[shape.len() - 1])?;
    for (axis, &(low, high)) in moves.padding.iter().enumerate() {
        let between = shape[axis + 1].saturating_sub(1).checked_mul(moves.input_dilation[axis] - 1)?;
        let around = low.max(0).unsigned_abs().checked_add(high.max(0).unsigned_abs())?;
        let extent = shape[axis + 1].checked_add(between)?.checked_add(around)?;
        elements = elements.checked_mul(extent)?;
    }
    Some(elements)
}

/// The input patch under the kernel at each output position: `[batch, spatial.., inputs · kernel]`,
/// inputs outermost.
fn patches(input: &Tensor, moves: &Moves) -> Tensor {
    let rank = input.rank();
    let on_spatial_axes = |of: &dyn Fn(usize) -> usize| -> Vec<usize> {
        [0].into_iter().chain((0..rank - 2).map(of)).chain([0]).collect()
    };
    let positive = |amount: isize| amount.max(0).unsigned_abs();
    let padded = input.pad_interior(
        on_spatial_axes(&|axis| positive(moves.padding[axis].0)),
        on_spatial_axes(&|axis| positive(moves.padding[axis].1)),
        on_spatial_axes(&|axis| moves.input_dilation[axis] - 1),
        0,
    );
    let taps: usize = moves.kernel_size.iter().product();
    let mut at_taps = Vec::with_capacity(taps);
    for tap in 0..taps {
        let (mut starts, mut limits, mut strides) = (vec![0; rank], padded.shape().to_vec(), vec![1; rank]);
        let mut rest = tap;
        for axis in (0..rank - 2).rev() {
            let (size, stride) = (moves.kernel_size[axis], moves.strides[axis]);
            let cut = positive(-moves.padding[axis].0);
            let start = cut + rest % size * moves.kernel_dilation[axis];
            starts[axis + 1] = start;
            limits[axis + 1] = start + (moves.places[axis] - 1) * stride + 1;
            strides[axis + 1] = stride;
            rest /= size;
        }
        at_taps.push(padded.slice(starts, limits, strides));
    }
    let patches = Tensor::stack(&at_taps, -1);
    let shape = [&patches.shape()[..rank - 1], &[patches.shape()[rank - 1] * taps]].concat();
    patches.reshape(shape)
}
