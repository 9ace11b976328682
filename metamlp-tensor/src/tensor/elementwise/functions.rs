//! Elementwise functions of one, two or three tensors.

use crate::dtype::DType;
use crate::graph::node::Tensor;
use crate::graph::op::{Binary, Comparison, Op, Unary};
use crate::tensor::{Operand, Term, broadcast_shapes, common_dtype, promoted};

macro_rules! unary {
    ($($(#[$doc:meta])+ $name:ident => $op:ident;)*) => {
        impl Tensor {$(
            $(#[$doc])+
            #[track_caller]
            #[must_use]
            pub fn $name(&self) -> Tensor {
                self.unary(Unary::$op)
            }
        )*}
    };
}

unary! {
    /// Absolute value. Its derivative at 0 is 1, as in JAX.
    abs => Abs;
    /// Smallest integer that is not below `x`. Integers stay as they are.
    ceil => Ceil;
    /// Cosine of radians.
    cos => Cos;
    /// Gauss' error function.
    erf => Erf;
    /// Inverse of the error function, on (-1, 1).
    erf_inv => ErfInv;
    /// `1 - erf(x)`, accurate for large `x`.
    erfc => Erfc;
    /// `e^x`. Integers are converted to `f32` first, as in all functions that are defined for floats only.
    ///
    /// ```
    /// use metamlp_tensor::Tensor;
    /// assert_eq!(Tensor::scalar(0).exp().item::<f32>()?, 1.0);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    exp => Exp;
    /// `e^x - 1`, accurate near 0.
    exp_m1 => ExpM1;
    /// Largest integer that is not above `x`. Integers stay as they are.
    floor => Floor;
    /// True where an element is neither infinite nor NaN, as `bool`.
    is_finite => IsFinite;
    /// Natural logarithm.
    log => Log;
    /// `ln(1 + x)`, accurate near 0.
    log1p => Log1p;
    /// `1 / (1 + e^-x)`.
    logistic => Logistic;
    /// `-x`.
    negate => Neg;
    /// Logical complement for `bool`, bitwise complement for integers.
    not => Not;
    /// Nearest integer, ties to even. Integers stay as they are.
    round => RoundNearestEven;
    /// `1 / sqrt(x)`.
    rsqrt => Rsqrt;
    /// -1, 0 or 1; NaN for NaN.
    sign => Sign;
    /// Sine of radians.
    sin => Sin;
    /// Square root.
    sqrt => Sqrt;
    /// Tangent of radians.
    tan => Tan;
    /// Hyperbolic tangent.
    tanh => Tanh;
}

impl Tensor {
    /// `ln(1 + e^x)`, without overflow.
    ///
    /// ```
    /// use metamlp_tensor::Tensor;
    /// assert_eq!(Tensor::scalar(500.0f32).softplus().item::<f32>()?, 500.0);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn softplus(&self) -> Tensor {
        let x = self.convert(self.dtype().to_inexact());
        // `x` itself where it is not negative, so that both terms are smooth at 0 on the side of their branch.
        let is_negative = x.less(0.0);
        let positive = is_negative.select(0.0, &x);
        let negative = is_negative.select(&x, -&x);
        positive + negative.exp().log1p()
    }

    /// `ln(logistic(x))`, without underflow: `-softplus(-x)`.
    ///
    /// ```
    /// use metamlp_tensor::Tensor;
    /// assert_eq!(Tensor::scalar(-500.0f32).log_sigmoid().item::<f32>()?, -500.0);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn log_sigmoid(&self) -> Tensor {
        -(-self.convert(self.dtype().to_inexact())).softplus()
    }
}

macro_rules! binary {
    ($($(#[$doc:meta])+ $name:ident => $op:ident;)*) => {
        impl Tensor {$(
            $(#[$doc])+
            #[track_caller]
            #[must_use]
            pub fn $name(&self, other: impl Operand) -> Tensor {
                self.binary(Binary::$op, other)
            }
        )*}
    };
}

binary! {
    /// Logical or bitwise and.
    and => And;
    /// The angle of the point (`other`, `self`), in radians.
    atan2 => Atan2;
    /// Elementwise maximum; NaN if either element is NaN.
    ///
    /// ```
    /// use metamlp_tensor::Tensor;
    /// let x = Tensor::from_vec([3], vec![-1.0f32, 0.5, 2.0]);
    /// assert_eq!(x.maximum(0.0).to_vec::<f32>()?, [0.0, 0.5, 2.0]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    maximum => Max;
    /// Elementwise minimum; NaN if either element is NaN.
    minimum => Min;
    /// Logical or bitwise or.
    or => Or;
    /// `self` to the power `other`, computed in floats.
    power => Pow;
    /// The remainder of a division, with the dividend's sign.
    remainder => Rem;
    /// Shifts integers towards the high bits.
    shift_left => ShiftLeft;
    /// Shifts integers towards the low bits, filling with zeros.
    shift_right => ShiftRight;
    /// Logical or bitwise exclusive or.
    xor => Xor;
}

macro_rules! compare {
    ($($(#[$doc:meta])+ $name:ident => $op:ident;)*) => {
        impl Tensor {$(
            $(#[$doc])+
            #[track_caller]
            #[must_use]
            pub fn $name(&self, other: impl Operand) -> Tensor {
                self.compare(Comparison::$op, other.term())
            }
        )*}
    };
}

compare! {
    /// True where the elements are equal, as `bool`.
    equal => Eq;
    /// True where the elements differ.
    not_equal => Ne;
    /// True where `self < other`.
    less => Lt;
    /// True where `self <= other`.
    less_equal => Le;
    /// True where `self > other`.
    greater => Gt;
    /// True where `self >= other`.
    greater_equal => Ge;
}

impl Tensor {
    /// `x * x`.
    #[track_caller]
    #[must_use]
    pub fn square(&self) -> Tensor {
        self * self
    }

    /// `1 / x`.
    #[track_caller]
    #[must_use]
    pub fn reciprocal(&self) -> Tensor {
        1.0 / self
    }

    /// `x^n` by repeated squaring, as JAX raises to a constant integer. Derivatives at 0 and at infinities are those of
    /// `n x^(n-1)`.
    ///
    /// ```
    /// use metamlp_tensor::Tensor;
    /// assert_eq!(Tensor::scalar(-2.0f32).integer_pow(3).item::<f32>()?, -8.0);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn integer_pow(&self, n: i32) -> Tensor {
        if n >= -1 || !self.dtype().is_float() {
            let power = self.positive_power(n.unsigned_abs());
            return if n < 0 { power.reciprocal() } else { power };
        }
        let n = n.unsigned_abs();
        let power = self.positive_power(n).stop_gradient();
        // Where the power leaves the range of the dtype, the quotient has no derivative, but the power of the inverse has.
        let is_outside = power.equal(0.0).or(power.is_finite().not());
        let inside = is_outside.select(1.0, self).positive_power(n).reciprocal();
        let outside = is_outside.select(self, 1.0).reciprocal().positive_power(n);
        is_outside.select(outside, inside)
    }

    /// `x^n` by repeated squaring.
    #[track_caller]
    fn positive_power(&self, n: u32) -> Tensor {
        let mut result: Option<Tensor> = None;
        let mut power = self.clone();
        let mut remaining = n;
        while remaining > 0 {
            if remaining & 1 == 1 {
                result = Some(result.map_or_else(|| power.clone(), |result| &result * &power));
            }
            remaining >>= 1;
            if remaining > 0 {
                power = power.square();
            }
        }
        result.unwrap_or_else(|| self.ones_like())
    }

    /// `self * factor + addend` of floats, rounded once.
    #[track_caller]
    #[must_use]
    pub fn mul_add(&self, factor: impl Operand, addend: impl Operand) -> Tensor {
        self.ternary("mul_add", Op::MulAdd, factor, addend)
    }

    /// `on_true` where `self` is true, `on_false` elsewhere. JAX's `where`.
    ///
    /// ```
    /// use metamlp_tensor::Tensor;
    /// let x = Tensor::from_vec([3], vec![0.0f32, 1.0, 4.0]);
    /// let safe = x.greater(0.0).select(x.log(), 0.0);
    /// assert_eq!(safe.to_vec::<f32>()?[0], 0.0);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn select(&self, on_true: impl Operand, on_false: impl Operand) -> Tensor {
        let (on_true, on_false) = (on_true.term(), on_false.term());
        let dtype = common_dtype(&[&on_true, &on_false]);
        let (on_true, on_false) = (on_true.converted("select", dtype), on_false.converted("select", dtype));
        match broadcast_shapes("select", &[self, &on_true, &on_false]) {
            Ok(shape) => {
                let operands = [self, &on_true, &on_false].map(|operand| operand.broadcast_to(&shape));
                Self::apply(Op::Select, operands)
            }
            Err(error) => on_true.poisoned_like(error),
        }
    }

    /// `self` limited to `low..=high`.
    #[track_caller]
    #[must_use]
    pub fn clamp(&self, low: impl Operand, high: impl Operand) -> Tensor {
        self.maximum(low).minimum(high)
    }

    /// The elements converted by value. Floats are truncated towards zero when converted to integers. Every value except 0
    /// is true as a `bool`.
    #[track_caller]
    #[must_use]
    pub fn convert(&self, dtype: DType) -> Tensor {
        if self.dtype() == dtype {
            return self.clone();
        }
        Self::apply(Op::Convert(dtype), [self.clone()])
    }

    /// The same bits read as another dtype of the same size.
    #[track_caller]
    #[must_use]
    pub fn bitcast_convert(&self, dtype: DType) -> Tensor {
        Self::apply(Op::BitcastConvert(dtype), [self.clone()])
    }

    /// The same values, with a gradient of 0.
    #[track_caller]
    #[must_use]
    pub fn stop_gradient(&self) -> Tensor {
        Self::apply(Op::StopGradient, [self.clone()])
    }

    /// The comparison with a tensor, or with a number by its value.
    #[track_caller]
    fn compare(&self, comparison: Comparison, other: Term) -> Tensor {
        let other = match other {
            Term::Tensor(tensor) => tensor,
            Term::Number(number) => {
                let dtype = number.dtype_beside(self.dtype());
                if let Some(result) = number.compared(comparison, dtype) {
                    let flags = Self::full(self.shape(), result, DType::Bool);
                    return self.error().map_or(flags.clone(), |error| flags.poisoned_like(error.clone()));
                }
                number.tensor("compare", dtype)
            }
        };
        let (lhs, rhs) = promoted("compare", self, other);
        Self::apply(Op::Compare(comparison), [lhs, rhs])
    }

    #[track_caller]
    pub(crate) fn unary(&self, unary: Unary) -> Tensor {
        if unary.rounds() && !self.dtype().is_float() {
            return self.clone();
        }
        let operand =
            if unary.needs_float() { self.convert(self.dtype().to_inexact()) } else { self.clone() };
        Self::apply(Op::Unary(unary), [operand])
    }

    #[track_caller]
    pub(crate) fn binary(&self, binary: Binary, other: impl Operand) -> Tensor {
        let (lhs, rhs) = promoted(binary.name(), self, other);
        let (lhs, rhs) = match binary {
            Binary::Div | Binary::Pow | Binary::Atan2 => {
                let dtype = lhs.dtype().to_inexact();
                (lhs.convert(dtype), rhs.convert(dtype))
            }
            // Flags are counted as 0 and 1.
            Binary::Add | Binary::Sub | Binary::Mul | Binary::Rem if lhs.dtype() == DType::Bool => {
                (lhs.convert(DType::I32), rhs.convert(DType::I32))
            }
            _ => (lhs, rhs),
        };
        Self::apply(Op::Binary(binary), [lhs, rhs])
    }

    /// The quotient of integers, truncated towards zero.
    #[track_caller]
    #[must_use]
    pub fn integer_div(&self, divisor: impl Operand) -> Tensor {
        let (lhs, rhs) = promoted("integer_div", self, divisor);
        Self::apply(Op::Binary(Binary::Div), [lhs, rhs])
    }

    #[track_caller]
    fn ternary(&self, name: &'static str, op: Op, second: impl Operand, third: impl Operand) -> Tensor {
        let (first, second, third) = (Term::Tensor(self.clone()), second.term(), third.term());
        let dtype = common_dtype(&[&first, &second, &third]);
        // No `map`: inside a closure `#[track_caller]` would name the closure's line.
        let operands =
            [first.converted(name, dtype), second.converted(name, dtype), third.converted(name, dtype)];
        match broadcast_shapes(name, &[&operands[0], &operands[1], &operands[2]]) {
            Ok(shape) => Self::apply(op, operands.map(|operand| operand.broadcast_to(&shape))),
            Err(error) => operands[0].poisoned_like(error),
        }
    }
}
