//! Extrema of nothing, reductions and products of flags, and rounding of integers, as in JAX.

use metamlp_tensor::{BOOL, DType, F16, F32, F64, I32, Result, Tensor, U32};

type Function = fn(&Tensor) -> Tensor;

const DTYPES: [DType; 6] = [BOOL, I32, U32, F16, F32, F64];

#[test]
fn an_extremum_of_nothing_is_an_error_at_the_callers_line() {
    let reductions: [(&str, Function); 6] = [
        ("max", |x| x.max([1])),
        ("min", |x| x.min([1])),
        ("max", |x| x.max_keepdims([-1])),
        ("min", |x| x.min_keepdims([0, 1])),
        ("max", |x| x.max_all()),
        ("min", |x| x.min_all()),
    ];
    for dtype in DTYPES {
        for (name, reduction) in reductions {
            let error = reduction(&Tensor::zeros([2, 0], dtype)).evaluate().unwrap_err().to_string();
            assert!(error.contains("flags_and_extrema.rs"), "{error}");
            assert!(error.contains(&format!("{name} cannot take {dtype}[2, 0]: axis 1 is empty")), "{error}");
        }
        // Without elements, and without an axis that is reduced and empty.
        let empty = Tensor::zeros([2, 0], dtype);
        assert!(empty.max([0]).error().is_none() && empty.min([0]).error().is_none());
    }
    assert_eq!(Tensor::zeros([2, 0], F32).max([0]).shape(), [0]);
}

#[test]
fn softmax_and_logsumexp_of_nothing_are_defined() -> Result<()> {
    let empty = Tensor::zeros([2, 0], F32);
    assert_eq!(empty.softmax(1).to_vec::<f32>()?, []);
    assert_eq!(empty.log_softmax(1).to_vec::<f32>()?, []);
    assert_eq!(empty.logsumexp([1]).to_vec::<f32>()?, [f32::NEG_INFINITY; 2]);
    Ok(())
}

#[test]
fn flags_reduce_to_flags_and_are_counted_in_sums() -> Result<()> {
    for bits in 0..16_u32 {
        let values: Vec<bool> = (0..4).map(|i| bits >> i & 1 == 1).collect();
        let flags = Tensor::from_vec([2, 2], values.clone());
        assert_eq!(flags.max([1]).to_vec::<bool>()?, [values[0] || values[1], values[2] || values[3]]);
        assert_eq!(flags.min([0]).to_vec::<bool>()?, [values[0] && values[2], values[1] && values[3]]);
        assert_eq!(flags.max_keepdims([0, 1]).item::<bool>()?, bits > 0);
        assert_eq!(flags.min_all().item::<bool>()?, bits == 15);
        assert_eq!(flags.sum_all().item::<i32>()?, bits.count_ones() as i32);
        let ones = values.map_ones();
        assert_eq!(
            flags.cumsum(1).to_vec::<i32>()?,
            [ones[0], ones[0] + ones[1], ones[2], ones[2] + ones[3]]
        );
        let product =
            |i: usize, j: usize| (values[2 * i] && values[j]) || (values[2 * i + 1] && values[2 + j]);
        let right = [product(0, 0), product(0, 1), product(1, 0), product(1, 1)];
        assert_eq!(flags.matmul(&flags).to_vec::<bool>()?, right);
        assert_eq!(Tensor::einsum("ij,jk", &[&flags, &flags]).to_vec::<bool>()?, right);
        assert_eq!(Tensor::einsum("ij->", &[&flags]).item::<bool>()?, bits > 0);
        assert_eq!(Tensor::einsum("ij,ij,ij->", &[&flags, &flags, &flags]).item::<bool>()?, bits > 0);
    }
    Ok(())
}

trait MapOnes {
    fn map_ones(&self) -> Vec<i32>;
}

impl MapOnes for Vec<bool> {
    fn map_ones(&self) -> Vec<i32> {
        self.iter().map(|&flag| i32::from(flag)).collect()
    }
}

/// A count that wraps around to 0 in 32 bits must not make a flag false.
#[test]
fn products_of_many_flags_are_true() -> Result<()> {
    let many = Tensor::ones([1 << 16], BOOL);
    assert!(many.matmul(&many).item::<bool>()?);
    assert!(Tensor::einsum("i,j->", &[&many, &many]).item::<bool>()?);
    let shares = Tensor::ones([2, 3], BOOL).matmul(&Tensor::ones([3, 1], I32));
    assert_eq!(shares.to_vec::<i32>()?, [3, 3]);
    Ok(())
}

#[test]
fn rounding_leaves_integers_as_they_are() -> Result<()> {
    let signed = Tensor::from_vec([3], vec![16_777_217, i32::MIN, i32::MAX]);
    let unsigned = Tensor::from_vec([2], vec![16_777_217_u32, u32::MAX]);
    for round in [Tensor::floor, Tensor::ceil, Tensor::round] {
        assert_eq!(round(&signed).to_vec::<i32>()?, [16_777_217, i32::MIN, i32::MAX]);
        assert_eq!(round(&unsigned).to_vec::<u32>()?, [16_777_217, u32::MAX]);
        assert_eq!(round(&Tensor::ones([1], BOOL)).dtype(), BOOL);
    }
    Ok(())
}

#[test]
fn softplus_of_unsigned_integers_is_that_of_floats() -> Result<()> {
    for (dtype, values) in [(U32, [8.0, 4.0]), (I32, [-8.0, 4.0])] {
        let x = Tensor::from_vec([2], values.to_vec());
        let integers: Tensor = x.convert(dtype);
        assert_eq!(integers.softplus().to_vec::<f32>()?, x.convert(F32).softplus().to_vec::<f32>()?);
        assert_eq!(integers.log_sigmoid().to_vec::<f32>()?, x.convert(F32).log_sigmoid().to_vec::<f32>()?);
    }
    Ok(())
}

#[test]
fn tensors_go_through_an_unwound_panic() {
    let x = Tensor::ones([2], F32);
    let caught = std::panic::catch_unwind(|| x.shape().len());
    assert_eq!(caught.ok(), Some(1));
    fn is_unwind_safe<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    is_unwind_safe::<Tensor>();
    is_unwind_safe::<metamlp_tensor::random::Key>();
    is_unwind_safe::<metamlp_tensor::Error>();
}
