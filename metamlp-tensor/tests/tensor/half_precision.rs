//! `f16` and `bf16` against the numbers of JAX 0.10.2 on a CPU, with equal bits if a single operation is rounded once.

use metamlp_tensor::random::{self, Key};
use metamlp_tensor::{BF16, DType, Element, F16, F32, F64, I32, Tensor, bf16, f16, grad, jit};

fn bits(x: &Tensor) -> String {
    let bits: Vec<u16> = match x.dtype() {
        F16 => x.to_vec::<f16>().unwrap().into_iter().map(f16::to_bits).collect(),
        _ => x.to_vec::<bf16>().unwrap().into_iter().map(bf16::to_bits).collect(),
    };
    bits.iter().map(|bits| format!("{bits:04x}")).collect::<Vec<_>>().join(" ")
}

fn of_bits(dtype: DType, shape: &[usize], bits: &str) -> Tensor {
    let words = bits.split(' ').map(|word| u16::from_str_radix(word, 16).unwrap());
    match dtype {
        F16 => Tensor::from_vec(shape, words.map(f16::from_bits).collect()),
        _ => Tensor::from_vec(shape, words.map(bf16::from_bits).collect()),
    }
}

#[test]
fn samplers_have_the_bits_of_jax() {
    let key = || Key::new(42);
    for (dtype, uniform, symmetric, shifted, normal, truncated) in [
        (
            F16,
            "2ce0 3218 3bce 3a0e 3730 34ec 39bc 3090",
            "bac8 b8f4 3b9c 381c ae80 b628 36f0 b9b8",
            "3682 3889 3eaa 3d71 3b6f 39d9 3d37 37ff",
            "bdb8 bb01 3fe6 3993 b011 b804 3898 bc45",
            "bd3b ba9a 3ebf 3946 afcb b7a5 385b bc00",
        ),
        (
            BF16,
            "3f22 3f58 3f78 3f56 3da0 3f58 3f18 3f30",
            "3e88 3f30 3f70 3f2c bf58 3f30 3e40 3ec0",
            "3f98 3fbe 3fd4 3fbc 3ed2 3fbe 3f92 3fa2",
            "3eb0 3f82 3ff2 3f7c bfb4 3f82 3e77 3efd",
            "3ea3 3f72 3fcd 3f6b bfa5 3f72 3e68 3eef",
        ),
    ] {
        let of = |low: f64, high: f64| bits(&random::uniform_range(key(), [8], dtype, low, high));
        assert_eq!(of(0.0, 1.0), uniform, "{dtype}");
        assert_eq!(of(-1.0, 1.0), symmetric, "{dtype}");
        assert_eq!(of(0.3, 1.7), shifted, "{dtype}");
        assert_eq!(bits(&random::normal_dtype(key(), [8], dtype)), normal, "{dtype}");
        assert_eq!(bits(&random::truncated_normal(key(), [8], dtype, -2.0, 2.0)), truncated, "{dtype}");
    }
}

#[test]
fn functions_and_products_have_the_bits_of_jax() {
    for (dtype, x, exp, a, b, dot) in [
        (
            F16,
            "3f0e 3667 3bd4 407b 3f78 bbd1",
            "45d5 3df8 4152 48b3 4678 3606",
            "3e7f b8e5 b83a bc4b 3aec c09a 3efb ba17 351b b3fb",
            "b6ab ab34 c046 3e90 bf2c babc 3806 bcfb bc3b bb46",
            "2fdd ae73 bbd9 42ed",
        ),
        (
            BF16,
            "3fe2 3ecd 3f7b 400f 3fef bf7a",
            "40bb 3fbf 402b 4115 40cf 3ec1",
            "3fd0 bf1d bf07 bf89 3f5e c013 3fdf bf43 3ea3 be7f",
            "bed5 bd66 c009 3fd2 bfe6 bf57 3f01 bf9f bf87 bf69",
            "3e06 bdea bf7b 405d",
        ),
    ] {
        assert_eq!(bits(&of_bits(dtype, &[6], x).exp()), exp, "{dtype}");
        let product = of_bits(dtype, &[2, 5], a).matmul(&of_bits(dtype, &[5, 2], b));
        assert_eq!(product.dtype(), dtype);
        assert_eq!(bits(&product), dot, "{dtype}");
    }
}

/// Exponentials divided by their sum: an additional rounding would show. (JAX computes the sum in `f16`.)
#[test]
fn softmax_of_bf16_has_the_bits_of_jax() {
    let x = of_bits(BF16, &[2, 6], "3f00 bfa0 4040 4010 bf40 3fc0 3dcd 3e4d 3e9a 3ecd 3f00 3f1a");
    let softmax = "3d39 3c01 3f0d 3e86 3c55 3dfc 3e03 3e10 3e20 3e30 3e43 3e58";
    assert_eq!(bits(&x.softmax(-1)), softmax);
}

#[test]
fn types_meet_as_in_jax() {
    let of = |dtype| Tensor::ones([2], dtype);
    assert_eq!((of(F16) + of(BF16)).dtype(), F32);
    assert_eq!((of(BF16) * 2.0).dtype(), BF16);
    assert_eq!((of(F16) + of(I32)).dtype(), F16);
    assert_eq!((of(F16) + of(F64)).dtype(), F64);
    assert_eq!(of(BF16).mean_all().dtype(), BF16);
    assert_eq!(of(F16).to_string(), "[1, 1]");
    assert_eq!((f16::DTYPE, bf16::DTYPE), (F16, BF16));
}

#[test]
fn sums_are_taken_in_single_precision() {
    // Summed in bf16, the result would stay at 256.
    let x = Tensor::ones([1000], BF16);
    assert_eq!(x.sum_all().convert(F32).item::<f32>().unwrap(), 1000.0);
    assert_eq!(x.matmul(&x).convert(F32).item::<f32>().unwrap(), 1000.0);
}

#[test]
fn gradients_pass_in_the_type_of_the_variable() {
    let x = Tensor::from_vec([3], vec![bf16::from_f32(1.0), bf16::from_f32(2.0), bf16::from_f32(-0.5)]);
    let loss = |x: &Tensor| Ok((x.convert(F32).square() * 3.0).sum_all());
    let gradient = grad(&x, loss).unwrap();
    assert_eq!(gradient.dtype(), BF16);
    assert_eq!(gradient.convert(F32).to_vec::<f32>().unwrap(), [6.0, 12.0, -3.0]);
    let compiled = jit(move |x: Tensor| grad(&x, loss));
    assert_eq!(bits(&compiled(x).unwrap()), bits(&gradient));
}

#[test]
fn every_pattern_survives_the_way_through_single_precision() {
    for dtype in [F16, BF16] {
        let words = Tensor::from_vec([1 << 16], (0..=u16::MAX).map(u32::from).collect::<Vec<_>>());
        let patterns: Vec<u16> = words.to_vec::<u32>().unwrap().iter().map(|&word| word as u16).collect();
        let x = match dtype {
            F16 => Tensor::from_vec([1 << 16], patterns.iter().map(|&p| f16::from_bits(p)).collect()),
            _ => Tensor::from_vec([1 << 16], patterns.iter().map(|&p| bf16::from_bits(p)).collect()),
        };
        let back = x.convert(F32).convert(dtype);
        let same = x.equal(&back).or(x.not_equal(&x).and(back.not_equal(&back)));
        assert!(same.all_all().item::<bool>().unwrap(), "{dtype}");
    }
}
