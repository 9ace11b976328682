//! Linear transformation of any axes.

use metamlp_macros::{compact, module};
use metamlp_tensor::{DType, Error, F32, Tensor};

use crate::argument::{invalid, refuse};
use crate::initializers::initializer::Initializer;
use crate::initializers::{lecun_normal, zeros};
use crate::layers::fields::check;
use crate::layers::fields::promote::promote;
use crate::layers::{AxisList, Sizes};
use crate::module::Module;
use crate::variables::spec::Spec;

/// A linear transformation of some axes to new ones at the end (Flax's `DenseGeneral`).
///
/// Maps `x` with axes batch, free and contracted to `[batch.., free.., features..]`. The batch axes
/// lead, the others may be in any order. Each index of `batch_dims` has a separate kernel.
///
/// Parameters: `kernel` `[batch.., contracted.., features..]` and, with `use_bias`, `bias`
/// `[batch.., features..]`. The kernel is initialized as a matrix `[batch · contracted, features]`.
///
/// ```
/// use metamlp::prelude::*;
/// // Heads of attention: [.., 12] to [.., 3, 4] and back.
/// let (split, merge) = (DenseGeneral::new([3, 4]), DenseGeneral::new(12).axis([-2, -1]));
/// let x = Tensor::ones([2, 5, 12], F32);
/// let variables = split.init(Key::new(0), |m| m.call(&x))?;
/// assert_eq!(variables.to_string(), "params:\n  kernel: f32[12, 3, 4]\n  bias: f32[3, 4]");
/// let heads = split.apply(&variables, (), |m| m.call(&x))?;
/// assert_eq!(heads.shape(), [2, 5, 3, 4]);
/// let variables = merge.init(Key::new(0), |m| m.call(&heads))?;
/// assert_eq!(variables.to_string(), "params:\n  kernel: f32[3, 4, 12]\n  bias: f32[12]");
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct DenseGeneral {
    /// Extents of the new axes.
    #[into]
    features: Sizes,
    /// The axes to contract.
    #[default(AxisList::from(-1))]
    axis: AxisList,
    /// The batch axes, each index with a separate kernel: 0, or 0 and 1, and so on.
    #[default(AxisList::default())]
    batch_dims: AxisList,
    /// If true, a bias is added.
    #[default(true)]
    use_bias: bool,
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
impl DenseGeneral {
    /// Maps the input's axes, without the contracted ones, and appends `features`.
    pub fn call(&self, x: &Tensor) -> Tensor {
        let (axis, batch) = match self.axes(x) {
            Ok(axes) => axes,
            Err(error) => return refuse(x, error),
        };
        let extents = |axes: &[usize]| axes.iter().map(|&axis| x.shape()[axis]).collect::<Vec<_>>();
        let (batch_shape, contracted) = (extents(&batch), extents(&axis));

        // A product that no number holds is refused with the kernel's shape.
        let size =
            |extents: &[usize]| extents.iter().fold(1_usize, |size, &extent| size.saturating_mul(extent));
        let inputs = size(&batch_shape).saturating_mul(size(&contracted));
        let outputs = size(&self.features);
        let shape = [&batch_shape, &contracted, &self.features[..]].concat();
        let kernel = Spec::new(shape, self.param_dtype).implied_by(x);
        let kernel = self.param("kernel", flat(&self.kernel_init, vec![inputs, outputs]), kernel);

        let contracting: Vec<usize> = (batch.len()..batch.len() + axis.len()).collect();
        let product =
            |x: &Tensor, kernel: &Tensor| x.dot_general(kernel, (&axis, &contracting), (&batch, &batch));
        if !self.use_bias {
            let [x, kernel] = promote([x, &kernel], self.dtype);
            return product(&x, &kernel);
        }
        let bias = Spec::new([&batch_shape, &self.features[..]].concat(), self.param_dtype).implied_by(x);
        let bias = self.param("bias", flat(&self.bias_init, vec![size(&batch_shape) * outputs]), bias);
        let [x, kernel, bias] = promote([x, &kernel, &bias], self.dtype);
        // The free axes lie between the bias's batch and feature axes.
        let free = x.rank() - batch.len() - axis.len();
        let shape = [&batch_shape, &vec![1; free], &self.features[..]].concat();
        product(&x, &kernel) + bias.reshape(shape)
    }
}

impl DenseGeneral {
    /// Checks the fields; returns the contracted axes and the batch axes.
    fn axes(&self, x: &Tensor) -> Result<(Vec<usize>, Vec<usize>), Error> {
        const NAME: &str = "DenseGeneral";
        check::sizes(NAME, "features", &self.features)?;
        check::dtypes(NAME, self.dtype, self.param_dtype)?;
        let axis = check::axes(NAME, "axis", &self.axis, x)?;
        let batch = check::axes(NAME, "batch_dims", &self.batch_dims, x)?;
        if batch.iter().enumerate().any(|(i, &axis)| i != axis) {
            return Err(invalid(NAME, "batch_dims", &self.batch_dims, "the leading axes, 0, 1, .."));
        }
        if axis.iter().any(|axis| batch.contains(axis)) {
            return Err(invalid(
                NAME,
                "axis",
                &self.axis,
                format!("none of batch_dims, {}", self.batch_dims),
            ));
        }
        let parameter = [&batch[..], &axis].concat();
        if parameter.iter().any(|&axis| x.shape()[axis] == 0) {
            let expected = "at least 1 along every axis that the kernel has";
            return Err(invalid(NAME, "the input's shape", format!("{:?}", x.shape()), expected));
        }
        Ok((axis, batch))
    }
}

/// An initializer that runs `init` with `flat_shape` and reshapes the result.
fn flat(init: &Initializer, flat_shape: Vec<usize>) -> Initializer {
    let inner = init.clone();
    init.with_function(move |key, shape, dtype| inner.initialize(key, &flat_shape, dtype).reshape(shape))
}
