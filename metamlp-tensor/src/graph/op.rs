//! The closed set of primitive operations, named and shaped like StableHLO's. Nothing broadcasts implicitly at this level;
//! the methods of `Tensor` do that.
//!
//! Each interpretation of a program (its types, its values, its gradient, its fusion class) is one exhaustive `match` on
//! [`Op`] in a file of its own. Adding an operation fails to compile in every file that interprets it.

use crate::dtype::DType;
use crate::shape::{Axes, Shape};
use crate::window::WindowAxis;

pub(crate) use crate::literal::Literal;

/// A primitive operation with everything that is fixed when it is traced.
/// A primitive operation with the attributes that are fixed when it is traced.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    /// A value that is bound when the program runs: a concrete tensor or an argument.
    Input,
    /// A scalar that is part of the program.
    Constant(Literal),
    /// The index along `axis`, as `dtype`.
    Iota { shape: Shape, axis: usize, dtype: DType },
    /// The operand. Marks the variable of a differentiation.
    Identity,
    /// The operand. No gradient flows through it.
    StopGradient,
    /// Elementwise function of one operand.
    Unary(Unary),
    /// Elementwise function of two operands of one shape and dtype.
    Binary(Binary),
    /// Elementwise comparison of two operands, to `bool`.
    Compare(Comparison),
    /// (bool predicate, on true, on false): elementwise selection.
    Select,
    /// `a * b + c`, rounded once.
    MulAdd,
    /// Conversion by value.
    Convert(DType),
    /// The same bits as another dtype of the same size.
    BitcastConvert(DType),
    /// The operand repeated to `shape`. Axis `i` of the operand becomes axis `axes[i]`; axes of extent 1 are repeated.
    BroadcastInDim { shape: Shape, axes: Axes },
    /// The same elements in the same order.
    Reshape(Shape),
    /// Axis `i` of the result is axis `permutation[i]` of the operand.
    Transpose(Axes),
    /// Reduction over `axes`, which the result does not have.
    Reduce { kind: Reduction, axes: Axes },
    /// Sum, maximum or minimum of the elements under a window that moves along every axis.
    ReduceWindow { kind: Reduction, windows: Box<[WindowAxis]> },
    /// Row-major position (i32) in the operand of the extremum under each window, the first among equals. -1 if the
    /// window covers padding only.
    ArgReduceWindow { kind: Extremum, windows: Box<[WindowAxis]> },
    /// Index (i32) of the extremum along `axis`, the first among equals.
    ArgReduce { kind: Extremum, axis: usize },
    /// Sum of products over the contracting axes. The result has the batch axes, then the free axes of the left and of
    /// the right operand.
    DotGeneral(Box<DotDimensions>),
    /// (operand, kernel): sums of products over a window that moves along the spatial axes.
    /// `[batch, spatial.., groups, in]` by `[spatial.., groups, in, out]` is `[batch, spatial.., groups, out]`. Each
    /// group of features is convolved separately. The gradients to both operands have this form too.
    Convolution(Box<[WindowAxis]>),
    /// Evenly spaced elements of each axis.
    Slice(Box<Slice>),
    /// (operand, scalar): the operand with copies of the scalar around and between its elements.
    Pad(Box<Pad>),
    /// The operands joined along an axis.
    Concatenate { axis: usize },
    /// The elements in reverse order along `axes`.
    Reverse { axes: Axes },
    /// (operand, i32 indices): the entries `indices` of `axis`. The axes of the indices replace `axis`. Indices are clamped
    /// into range.
    Gather { axis: usize },
    /// (operand, i32 indices, updates): the operand with each update written to, or added to, the entry of `axis` that
    /// its index names, in order. Updates whose index is out of range are ignored.
    Scatter { update: Update, axis: usize },
    /// (operand, i32 starts, one for each axis): the slice with extents `sizes` that begins there. Negative starts count
    /// from the end; then starts are clamped so that the slice lies inside.
    DynamicSlice { sizes: Axes },
    /// (operand, update, i32 starts): the operand with the update in place of the slice that
    /// [`DynamicSlice`](Op::DynamicSlice) would return.
    DynamicUpdateSlice,
    /// Indices (i32) that sort the operand along `axis`, ascending and stable, NaN last.
    ArgSort { axis: usize },
    /// Indices (i32) of the `k` largest elements along `axis`, the largest first, equals in their order. NaN is larger
    /// than all numbers.
    TopK { axis: usize, k: usize },
    /// Cumulative sum along `axis`, from the end if `reverse`.
    CumulativeSum { axis: usize, reverse: bool },
    /// (u32[2] key): 32 random bits per element of `shape`, threefry-2x32 in JAX's partitionable layout.
    RngBits(Shape),
    /// (u32[2] key): the keys number `first..first + count` that the key is split into, `[count, 2]`.
    RngSplit { first: u32, count: usize },
}

/// The elements `starts[i]`, `starts[i] + strides[i]`, .. below `limits[i]` of axis `i`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Slice {
    pub(crate) starts: Axes,
    pub(crate) limits: Axes,
    pub(crate) strides: Axes,
}

/// `low[i]` scalars before axis `i`, `high[i]` after it, and `interior[i]` between neighbours.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pad {
    pub(crate) low: Axes,
    pub(crate) high: Axes,
    pub(crate) interior: Axes,
}

/// Elementwise functions of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Unary {
    /// Absolute value.
    Abs,
    /// Cosine of radians.
    Cos,
    /// Smallest integer that is not below `x`.
    Ceil,
    /// Gauss' error function.
    Erf,
    /// Inverse of the error function, by Giles' polynomials as in XLA's CPU backend.
    ErfInv,
    /// Complementary error function, `1 - erf`.
    Erfc,
    /// `e^x`.
    Exp,
    /// `e^x - 1`, exact near 0.
    ExpM1,
    /// Largest integer that is not above `x`.
    Floor,
    /// True if `x` is neither infinite nor NaN, as `bool`.
    IsFinite,
    /// Natural logarithm.
    Log,
    /// `ln(1 + x)`, exact near 0.
    Log1p,
    /// `1 / (1 + e^-x)`.
    Logistic,
    /// `-x`.
    Neg,
    /// Logical or bitwise complement.
    Not,
    /// Nearest integer, ties to even.
    RoundNearestEven,
    /// `1 / sqrt(x)`.
    Rsqrt,
    /// -1, 0 or 1; keeps the sign of zero and NaN.
    Sign,
    /// Sine of radians.
    Sin,
    /// Square root.
    Sqrt,
    /// Tangent of radians.
    Tan,
    /// Hyperbolic tangent.
    Tanh,
}

/// Elementwise functions of two operands of one dtype. Integers wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Binary {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Quotient. For integers rounded towards zero, and -1 (all bits set) if the divisor is 0.
    Div,
    /// Remainder with the dividend's sign. For integers the dividend if the divisor is 0.
    Rem,
    /// Maximum; NaN if either operand is NaN.
    Max,
    /// Minimum; NaN if either operand is NaN.
    Min,
    /// Power.
    Pow,
    /// Angle of the point (second operand, first operand), in radians.
    Atan2,
    /// Logical or bitwise and.
    And,
    /// Logical or bitwise or.
    Or,
    /// Logical or bitwise exclusive or.
    Xor,
    /// Shift towards the high bits; 0 if the distance is the bit width or more.
    ShiftLeft,
    /// Logical shift towards the low bits; 0 if the distance is the bit width or more.
    ShiftRight,
}

/// Elementwise comparisons. With a NaN operand all are false except `Ne`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Comparison {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less than.
    Lt,
    /// Less than or equal.
    Le,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Ge,
}

/// Reductions. `All` and `Any` take `bool`, the others numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reduction {
    /// Sum; 0 without elements.
    Sum,
    /// Product; 1 without elements.
    Prod,
    /// Maximum; NaN if any element is NaN; the least value of the dtype without elements.
    Max,
    /// Minimum; NaN if any element is NaN; the greatest value of the dtype without elements.
    Min,
    /// True if all elements are true; true without elements.
    All,
    /// True if any element is true; false without elements.
    Any,
}

/// The extremum whose index is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Extremum {
    /// The maximum; the first NaN if there is one.
    Max,
    /// The minimum; the first NaN if there is one.
    Min,
}

/// How an [`Op::Scatter`] combines an entry and its update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Update {
    /// By their sum. Several updates of one entry are all added.
    Add,
    /// By replacing the entry. The last of several updates stays.
    Set,
}

/// The contracting and batch axes of an [`Op::DotGeneral`]. Paired axes have equal extents.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(crate) struct DotDimensions {
    /// Summed axes of the left operand.
    pub(crate) lhs_contracting: Axes,
    /// Summed axes of the right operand.
    pub(crate) rhs_contracting: Axes,
    /// Batch axes of the left operand.
    pub(crate) lhs_batch: Axes,
    /// Batch axes of the right operand.
    pub(crate) rhs_batch: Axes,
}

impl DotDimensions {
    /// The axes that are neither summed nor batch axes, in order.
    pub(crate) fn free_axes(&self, lhs_rank: usize, rhs_rank: usize) -> (Axes, Axes) {
        let free = |rank: usize, contracting: &Axes, batch: &Axes| {
            (0..rank).filter(|axis| !contracting.contains(axis) && !batch.contains(axis)).collect()
        };
        (
            free(lhs_rank, &self.lhs_contracting, &self.lhs_batch),
            free(rhs_rank, &self.rhs_contracting, &self.rhs_batch),
        )
    }
}

impl Op {
    /// The operation's name in error messages and listings, StableHLO's spelling.
    #[must_use]
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Constant(_) => "constant",
            Self::Iota { .. } => "iota",
            Self::Identity => "identity",
            Self::StopGradient => "stop_gradient",
            Self::Unary(unary) => unary.name(),
            Self::Binary(binary) => binary.name(),
            Self::Compare(_) => "compare",
            Self::Select => "select",
            Self::MulAdd => "mul_add",
            Self::Convert(_) => "convert",
            Self::BitcastConvert(_) => "bitcast_convert",
            Self::BroadcastInDim { .. } => "broadcast_in_dim",
            Self::Reshape(_) => "reshape",
            Self::Transpose(_) => "transpose",
            Self::Reduce { .. } => "reduce",
            Self::ArgReduce { .. } => "arg_reduce",
            Self::DotGeneral(_) => "dot_general",
            Self::Convolution(_) => "convolution",
            Self::Slice { .. } => "slice",
            Self::Pad { .. } => "pad",
            Self::Concatenate { .. } => "concatenate",
            Self::Reverse { .. } => "reverse",
            Self::Gather { .. } => "gather",
            Self::Scatter { update: Update::Add, .. } => "scatter_add",
            Self::Scatter { update: Update::Set, .. } => "scatter",
            Self::DynamicSlice { .. } => "dynamic_slice",
            Self::DynamicUpdateSlice => "dynamic_update_slice",
            Self::TopK { .. } => "top_k",
            Self::ReduceWindow { .. } => "reduce_window",
            Self::ArgReduceWindow { .. } => "arg_reduce_window",
            Self::ArgSort { .. } => "arg_sort",
            Self::CumulativeSum { .. } => "cumulative_sum",
            Self::RngBits(_) => "rng_bits",
            Self::RngSplit { .. } => "rng_split",
        }
    }
}

impl Unary {
    /// StableHLO's name.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Abs => "abs",
            Self::Cos => "cosine",
            Self::Ceil => "ceil",
            Self::Erf => "erf",
            Self::ErfInv => "erf_inv",
            Self::Erfc => "erfc",
            Self::Exp => "exponential",
            Self::ExpM1 => "exponential_minus_one",
            Self::Floor => "floor",
            Self::IsFinite => "is_finite",
            Self::Log => "log",
            Self::Log1p => "log_plus_one",
            Self::Logistic => "logistic",
            Self::Neg => "negate",
            Self::Not => "not",
            Self::RoundNearestEven => "round_nearest_even",
            Self::Rsqrt => "rsqrt",
            Self::Sign => "sign",
            Self::Sin => "sine",
            Self::Sqrt => "sqrt",
            Self::Tan => "tan",
            Self::Tanh => "tanh",
        }
    }

    /// True if the result is a whole number near the operand.
    #[must_use]
    pub(crate) const fn rounds(self) -> bool {
        matches!(self, Self::Ceil | Self::Floor | Self::RoundNearestEven)
    }

    /// True if the function is defined for floats only, so that integers are converted first.
    #[must_use]
    pub(crate) const fn needs_float(self) -> bool {
        !matches!(self, Self::Abs | Self::Neg | Self::Not | Self::Sign)
    }
}

impl Binary {
    /// StableHLO's name.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Sub => "subtract",
            Self::Mul => "multiply",
            Self::Div => "divide",
            Self::Rem => "remainder",
            Self::Max => "maximum",
            Self::Min => "minimum",
            Self::Pow => "power",
            Self::Atan2 => "atan2",
            Self::And => "and",
            Self::Or => "or",
            Self::Xor => "xor",
            Self::ShiftLeft => "shift_left",
            Self::ShiftRight => "shift_right_logical",
        }
    }
}
