//! A layer with any product of its input and a kernel.

use metamlp_macros::{compact, module};
use metamlp_tensor::{DType, Error, F32, Tensor};

use crate::argument::{invalid, refuse};
use crate::initializers::initializer::Initializer;
use crate::initializers::{lecun_normal, zeros};
use crate::layers::promote::promote;
use crate::layers::{Sizes, check};
use crate::module::Module;

/// A product of the input and a kernel in Einstein's notation (Flax's `Einsum`).
///
/// Parameters: `kernel` of `shape` and, with `use_bias`, `bias`: the axes of the
/// kernel that are in the result, in the order in which they are there.
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
    /// The kernel's shape.
    #[into]
    shape: Sizes,
    /// The terms of the input, the kernel and the result: `"...a,ab->...b"`.
    #[into]
    einsum_str: String,
    /// Whether a bias is added.
    #[default(true)]
    use_bias: bool,
    /// The dtype to compute in; by default the widest of the input and the parameters.
    #[default(None)]
    dtype: Option<DType>,
    /// The dtype that the parameters are created in.
    #[default(F32)]
    param_dtype: DType,
    /// What the kernel is initialised by.
    #[default(lecun_normal())]
    kernel_init: Initializer,
    /// What the bias is initialised by.
    #[default(zeros())]
    bias_init: Initializer,
}

#[compact]
impl Einsum {
    /// An input of the first term's axes to a result of the last's.
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

/// An axis in a term: its letter, or its place in `...`, counted from the end.
#[derive(Clone, Copy, PartialEq)]
enum Label {
    Letter(char),
    Ellipsis(usize),
}

impl Einsum {
    /// For each axis of the result the kernel's extent, if it is one of the kernel's.
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
            return Err(refused("two operands, the input and the kernel, with a comma between"));
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

/// The labels of a term whose ellipsis stands for that many axes.
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
