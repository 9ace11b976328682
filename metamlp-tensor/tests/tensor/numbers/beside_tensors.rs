//! A Rust number beside a tensor: its dtype, whether the dtype holds it, and comparisons with it.

use metamlp_tensor::{
    BF16, BOOL, DType, F16, F32, F64, I32, Operand, Result, Scalar, Tensor, U32, bf16, f16, grad,
};

const DTYPES: [DType; 7] = [BOOL, I32, U32, F16, BF16, F32, F64];

/// Calls `$check` with the number 1 of every Rust type and the dtype that it has beside flags.
macro_rules! ones_of_every_type {
    ($check:expr) => {
        $check(true, BOOL);
        $check(1_i8, I32);
        $check(1_i16, I32);
        $check(1_i32, I32);
        $check(1_i64, I32);
        $check(1_isize, I32);
        $check(1_u8, I32);
        $check(1_u16, I32);
        $check(1_u32, U32);
        $check(1_u64, I32);
        $check(1_usize, I32);
        $check(f16::ONE, F32);
        $check(bf16::ONE, F32);
        $check(1_f32, F32);
        $check(1_f64, F32);
    };
}

/// The dtype of an operation on a tensor and a number: the tensor's, or the number's if it is of a higher kind.
fn expected(tensor: DType, number: DType) -> DType {
    match (tensor, number) {
        (BOOL, number) => number,
        (I32 | U32, F32) => F32,
        (tensor, _) => tensor,
    }
}

#[test]
fn a_number_takes_the_dtype_of_the_tensor_wherever_it_stands() {
    fn check(number: impl Scalar, own: DType) {
        let flag = Tensor::from_vec([1], vec![true]);
        for dtype in DTYPES {
            let x = Tensor::zeros([1], dtype);
            let right = expected(dtype, own);
            let calls = [
                ("select", flag.select(&x, number)),
                ("select, number first", flag.select(number, &x)),
                ("maximum", x.maximum(number)),
                ("minimum", x.minimum(number)),
                ("clamp", x.clamp(number, number)),
            ];
            for (name, result) in calls {
                assert_eq!(
                    (result.dtype(), result.error().is_none()),
                    (right, true),
                    "{name} of {dtype} and {own}"
                );
            }
            let compared = x.less(number).convert(I32).item::<i32>().unwrap();
            assert_eq!(compared, 1, "0 < 1 in {dtype}");
            assert_eq!(x.pad([1], [0], number).dtype(), dtype);
            let full = Tensor::full([1], number, dtype);
            assert_eq!(full.convert(F64).item::<f64>().unwrap(), 1.0, "full of {dtype}");
            if dtype.is_float() {
                assert_eq!(x.power(number).dtype(), dtype);
                assert_eq!(x.mul_add(number, number).dtype(), dtype);
                assert_eq!(x.atan2(number).dtype(), dtype);
            }
        }
    }
    ones_of_every_type!(check);
}

#[test]
fn of_two_numbers_the_higher_kind_decides() {
    fn check(number: impl Scalar, own: DType) {
        let flag = Tensor::from_vec([1], vec![false]);
        for (other, right) in [
            (flag.select(number, false), own),
            (flag.select(number, 0), if own == F32 { F32 } else { I32 }),
            (flag.select(0.5, number), F32),
        ] {
            assert_eq!(other.dtype(), right);
        }
    }
    ones_of_every_type!(check);
}

#[test]
fn a_number_keeps_its_digits_on_both_sides_of_a_select() -> Result<()> {
    let flags = Tensor::from_vec([2], vec![true, false]);
    for value in [0.1, 1e300, 1e-50] {
        assert_eq!(flags.select(value, Tensor::ones([2], F64)).to_vec::<f64>()?, [value, 1.0]);
        assert_eq!(flags.select(Tensor::ones([2], F64), value).to_vec::<f64>()?, [1.0, value]);
    }
    let large = Tensor::full([2], 4_000_000_001_u32, U32);
    assert_eq!(flags.select(0, &large).to_vec::<u32>()?, [0, 4_000_000_001]);
    // Rounded once: 2^54 + 2^30 + 1 lies above the middle of two `f32` numbers.
    let value = (1_i64 << 54) + (1 << 30) + 1;
    assert_eq!(Tensor::full([], value, F32).item::<f32>()?, value as f32);
    assert_eq!(Tensor::full([], u64::MAX, F32).item::<f32>()?, u64::MAX as f32);
    let wide = Tensor::from_vec([1], vec![0.5f32]).mul_add(Tensor::ones([1], F64), 0.1);
    assert_eq!(wide.to_vec::<f64>()?, [0.6]);
    Ok(())
}

/// A dtype, numbers that it holds, numbers above them and below them.
type Integers = (DType, [i64; 4], [i64; 3], [i64; 3]);

const INTEGERS: [Integers; 2] = [
    (
        I32,
        [0, -1, i32::MIN as i64, i32::MAX as i64],
        [1 << 31, 4_000_000_000, i64::MAX],
        [-(1 << 31) - 1, -4_000_000_000, i64::MIN],
    ),
    (U32, [0, 1, 1 << 31, u32::MAX as i64], [1 << 32, 1 << 40, i64::MAX], [-1, i32::MIN as i64, i64::MIN]),
];

#[test]
fn a_number_that_an_integer_dtype_does_not_hold_is_an_error_at_the_callers_line() {
    for (dtype, held, above, below) in INTEGERS {
        let x = Tensor::ones([2], dtype);
        let flags = Tensor::from_vec([2], vec![true, false]);
        for number in held {
            assert!(x.maximum(number).error().is_none() && Tensor::full([], number, dtype).error().is_none());
        }
        for number in above.into_iter().chain(below) {
            let results = [
                ("maximum", x.maximum(number)),
                ("minimum", x.minimum(number)),
                ("maximum", x.clamp(number, 1)),
                ("select", flags.select(number, &x)),
                ("select", flags.select(&x, number)),
                ("pad", x.pad([1], [1], number)),
                ("full", Tensor::full([2], number, dtype)),
                ("integer_div", x.integer_div(number)),
                ("remainder", x.remainder(number)),
            ];
            for (name, result) in results {
                let error = result.evaluate().unwrap_err().to_string();
                assert!(error.contains("numbers/beside_tensors.rs:"), "{error}");
                let said = format!("{name}: a number is {number}, expected a number that {dtype} holds");
                assert!(error.contains(&said), "{error}, expected {said}");
            }
        }
    }
    for number in [1e10, f64::NAN, f64::INFINITY, -1e300] {
        assert!(Tensor::full([], number, I32).error().is_some(), "{number}");
    }
    let unsigned = Tensor::ones([1], U32);
    assert!((-1 + &unsigned).error().is_some() && (&unsigned * -1).error().is_some());
}

#[test]
fn an_integer_is_filled_with_a_float_without_its_fraction() -> Result<()> {
    assert_eq!(Tensor::full([], -1.5, I32).item::<i32>()?, -1);
    assert_eq!(Tensor::full([], 2_147_483_647.5, I32).item::<i32>()?, i32::MAX);
    assert_eq!(Tensor::full([], -0.5, U32).item::<u32>()?, 0);
    Ok(())
}

#[test]
fn comparisons_with_numbers_are_by_value() -> Result<()> {
    fn check(x: &Tensor, values: [i64; 4], number: impl Operand + Copy, value: i128) -> Result<()> {
        let right = |holds: fn(&i128, &i128) -> bool| values.map(|x| holds(&i128::from(x), &value));
        assert_eq!(x.less(number).to_vec::<bool>()?, right(i128::lt), "< {value}");
        assert_eq!(x.less_equal(number).to_vec::<bool>()?, right(i128::le), "<= {value}");
        assert_eq!(x.greater(number).to_vec::<bool>()?, right(i128::gt), "> {value}");
        assert_eq!(x.greater_equal(number).to_vec::<bool>()?, right(i128::ge), ">= {value}");
        assert_eq!(x.equal(number).to_vec::<bool>()?, right(i128::eq), "= {value}");
        assert_eq!(x.not_equal(number).to_vec::<bool>()?, right(i128::ne), "!= {value}");
        Ok(())
    }
    for (dtype, held, above, below) in INTEGERS {
        let x = match dtype {
            I32 => Tensor::from_vec([4], held.map(|x| x as i32).to_vec()),
            _ => Tensor::from_vec([4], held.map(|x| x as u32).to_vec()),
        };
        for number in held.into_iter().chain(above).chain(below) {
            check(&x, held, number, number.into())?;
            if let Ok(number) = i32::try_from(number) {
                check(&x, held, number, number.into())?;
            }
            if let Ok(number) = u32::try_from(number) {
                check(&x, held, number, number.into())?;
            }
            if let Ok(number) = u64::try_from(number) {
                check(&x, held, number, number.into())?;
            }
        }
        check(&x, held, u64::MAX, u64::MAX.into())?;
        check(&x, held, usize::MAX, u64::MAX.into())?;
    }
    let flags = Tensor::from_vec([2], vec![true, false]);
    assert_eq!(flags.less(5_000_000_000_u64).to_vec::<bool>()?, [true, true]);
    Ok(())
}

#[test]
fn a_comparison_with_a_number_out_of_range_keeps_the_error_of_the_tensor() {
    let poisoned = Tensor::ones([2], I32).maximum(u64::MAX).less(u64::MAX);
    assert!(poisoned.error().is_some() && poisoned.dtype() == BOOL);
}

#[test]
fn gradients_of_power_and_select_keep_the_dtype() -> Result<()> {
    for dtype in [F16, BF16, F32, F64] {
        let x = Tensor::full([2], 2.0, dtype);
        assert_eq!(grad(&x, |x| Ok(x.power(3.0).sum_all()))?.dtype(), dtype);
        assert_eq!(grad(&x, |x| Ok(x.greater(1).select(0.5, x).sum_all()))?.dtype(), dtype);
    }
    Ok(())
}
