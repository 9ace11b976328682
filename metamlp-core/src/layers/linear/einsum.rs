//! Einsum layer.

use metamlp_macros::{compact, module};
use metamlp_tensor::{DType, Error, F32, Tensor};

use crate::argument::{invalid, refuse};
use crate::initializers::initializer::Initializer;
use crate::initializers::{lecun_normal, zeros};
use crate::layers::Sizes;
use crate::layers::fields::check;
use crate::layers::fields::promote::promote;
use crate::module::Module;

/// An einsum of the input and a learned kernel (Flax's `Einsum`).
///
/// Parameters: `kernel` of `shape` and, with `use_bias`, `bias`: the kernel's axes that occur in the
/// result, in the order of the result.
///
/// ```
/// use metamlp::prelude::*;
/// let layer = Einsum::new([4, 5, 6], "abc,cde->abde");
/// let x = Tensor::ones([2, 3, 4], F32);
/// let variables = layer.init(Key::new(0), |m| m.call(&x))?;
/// assert_eq!(variables.to_string(), "params:\n  kernel: f32[4, 5, 6]\n  bias: f32[5, 6]");
/// assert_eq!(layer.apply(&variables, (), |m| m.call(&x))?.shape(), [2, 3, 5, 6]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct Einsum {
    /// Shape of the kernel.
    #[into]
    shape: Sizes,
    /// The equation, with the input, the kernel and the result: `"...a,ab->...b"`.
    #[into]
    einsum_str: String,
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
impl Einsum {
    /// Maps an input with the axes of the first term to the axes of the result.
    pub fn call(&self, x: &Tensor) -> Tensor {
        let broadcast_bias = match self.bias_shape(x) {
            Ok(shape) => shape,
            Err(error) => return refuse(x, error),
        };
        let kernel = self.param("kernel", &self.kernel_init, (&self.shape[..], self.param_dtype));
        if !self.use_bias {
            let [x, kernel] = promote([x, &kernel], self.dtype);
            return Tensor::einsum(&self.einsum_str, &[x, kernel]);
        }
        let bias_shape: Vec<usize> = broadcast_bias.iter().flatten().copied().collect();
        let bias = self.param("bias", &self.bias_init, (bias_shape, self.param_dtype));
        let [x, kernel, bias] = promote([x, &kernel, &bias], self.dtype);
        let shape: Vec<usize> = broadcast_bias.iter().map(|extent| extent.unwrap_or(1)).collect();
        Tensor::einsum(&self.einsum_str, &[x, kernel]) + bias.reshape(shape)
    }
}

/// An axis of a term: a letter, or a position in `...`, counted from the end.
#[derive(Clone, Copy, PartialEq)]
enum Label {
    Letter(char),
    Ellipsis(usize),
}

impl Einsum {
    /// Checks the fields; returns for each axis of the result the kernel's extent, or `None` if it is
    /// not an axis of the kernel.
    fn bias_shape(&self, x: &Tensor) -> Result<Vec<Option<usize>>, Error> {
        const NAME: &str = "Einsum";
        check::sizes(NAME, "shape", &self.shape)?;
        check::dtypes(NAME, self.dtype, self.param_dtype)?;
        let refused =
            |expected: &str| invalid(NAME, "einsum_str", format!("{:?}", self.einsum_str), expected);
        let compact: String = self.einsum_str.split_whitespace().collect();
        let Some((operands, result)) = compact.split_once("->") else {
            return Err(refused("an explicit equation, with ->"));
        };
        let [input, kernel] = operands.split(',').collect::<Vec<_>>()[..] else {
            return Err(refused("two operands, the input and the kernel, separated by a comma"));
        };
        let letters = |term: &str| term.chars().filter(|letter| *letter != '.').count();
        let covered = |term: &str, rank: usize| match term.contains("...") {
            true => rank.checked_sub(letters(term)),
            false => (rank == letters(term)).then_some(0),
        };
        let Some(of_input) = covered(input, x.rank()) else {
            return Err(refused(&format!("{} axes of the input in the first term", x.rank())));
        };
        let Some(of_kernel) = covered(kernel, self.shape.len()) else {
            return Err(refused(&format!("{} axes of the kernel in the second term", self.shape.len())));
        };
        let kernel = labels(kernel, of_kernel);
        let extent = |label| kernel.iter().position(|own| *own == label).map(|axis| self.shape[axis]);
        Ok(labels(result, of_input.max(of_kernel)).into_iter().map(extent).collect())
    }
}

/// The labels of a term; `...` covers `covered` axes.
fn labels(term: &str, covered: usize) -> Vec<Label> {
    let letters = |part: &str| part.chars().map(Label::Letter).collect::<Vec<_>>();
    match term.split_once("...") {
        None => letters(term),
        Some((before, after)) => {
            let covered = (0..covered).rev().map(Label::Ellipsis);
            letters(before).into_iter().chain(covered).chain(letters(after)).collect()
        }
    }
}
