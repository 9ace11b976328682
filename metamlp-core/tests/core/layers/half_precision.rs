//! `f16` and `bf16`: the promoted dtypes and the values of Flax 0.12.8 on a CPU.

use metamlp::Pooling;
use metamlp::prelude::*;
use metamlp::tensor::{bf16, f16};

use super::support::normal;

/// Maps neighbouring numbers to neighbouring integers: a difference of `n` is `n` roundings.
fn places(x: &Tensor) -> Vec<i32> {
    let bits: Vec<u16> = match x.dtype() {
        F16 => x.to_vec::<f16>().unwrap().into_iter().map(f16::to_bits).collect(),
        _ => x.to_vec::<bf16>().unwrap().into_iter().map(bf16::to_bits).collect(),
    };
    bits.into_iter().map(place).collect()
}

fn place(bits: u16) -> i32 {
    let magnitude = i32::from(bits & 0x7fff);
    if bits & 0x8000 == 0 { magnitude } else { -magnitude }
}

/// Checks that `layer` gives Flax's values, up to `apart` roundings.
#[track_caller]
#[allow(clippy::needless_pass_by_value)] // So that the layers are written in the table.
fn gives<M: Module>(layer: M, call: impl Fn(&M) -> Tensor, dtype: DType, apart: i32, expected: &str) {
    let (y, _) = layer.init_with_output(Key::new(0), call).unwrap();
    assert_eq!(y.dtype(), dtype);
    let expected = expected.split(' ').map(|bits| place(u16::from_str_radix(bits, 16).unwrap()));
    for (i, (found, expected)) in places(&y).into_iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= apart, "element {i}: {found} is not {expected}");
    }
}

fn input(dtype: DType) -> Tensor {
    (Tensor::arange(12, F32).reshape([3, 4]) * 0.37 - 1.9).convert(dtype)
}

#[test]
fn layers_have_the_numbers_of_flax() {
    for (dtype, dense, dense_of_halves, layer_norm, rms_norm) in [
        (
            F16,
            "b962 b628 2f2f adfd 3b1a 39c6 37c3 4052 3d53",
            "bba4 3703 3c5d 2f76 3a20 2b6c 3cc0 3c5f bbcb",
            "bd5e b728 3728 3d5e bd5e b728 3728 3d5e bd5e b728 3728 3d5e",
            "bd67 bc59 ba98 b87e bbb8 af5a 39e2 3e58 3916 3add 3c52 3d35",
        ),
        (
            BF16,
            "bf2c bec6 3df1 bdc0 3f63 3f39 3ef8 400a 3fa9",
            "bfa7 be63 bfee 3ea8 bf17 3f11 3ffb bf74 4040",
            "bfab bee8 3ee8 3fab bfac bee5 3ee5 3fac bfab bee6 3ee1 3fac",
            "bfad bf8b bf53 bf10 bf77 bdeb 3f3c 3fcb 3f23 3f5c 3f8a 3fa7",
        ),
    ] {
        let x = input(dtype);
        // Sums of four products, in `f32`, rounded once each.
        gives(Dense::new(3).dtype(dtype), |m| m.call(&x), dtype, 1, dense);
        gives(Dense::new(3).param_dtype(dtype), |m| m.call(&x), dtype, 1, dense_of_halves);
        gives(Dense::new(3).dtype(dtype).param_dtype(dtype), |m| m.call(&x), dtype, 1, dense_of_halves);
        gives(LayerNorm::new().dtype(dtype), |m| m.call(&x), dtype, 1, layer_norm);
        gives(RMSNorm::new().dtype(dtype).param_dtype(dtype), |m| m.call(&x), dtype, 1, rms_norm);
    }
}

#[test]
fn batch_norm_and_attention_have_the_numbers_of_flax() {
    for (dtype, batch_norm, attention) in [
        (
            F16,
            "bce6 bce6 bce6 bce6 0c6a 0984 086a 0000 3ce6 3ce6 3ce6 3ce6",
            "ac12 33b8 b94f 3481 3807 3840 bc43 3820 3c21 3a55 bdbb 39dd",
        ),
        (
            BF16,
            "bf9d bf9d bf9d bf9d ba8d 39d4 0000 0000 3f9d 3f9d 3f9d 3f9d",
            "bd86 3e7a bf2a 3e92 3efc 3f07 bf88 3f04 3f84 3f4b bfb8 3f3d",
        ),
    ] {
        let x = input(dtype);
        let norm = BatchNorm::new().use_running_average(false).dtype(dtype);
        let (y, variables) = norm.init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
        let stats = variables["batch_stats"]["mean"].as_tensor().unwrap().dtype();
        assert_eq!((y.dtype(), stats), (dtype, F32));
        let expected: Vec<i32> =
            batch_norm.split(' ').map(|bits| place(u16::from_str_radix(bits, 16).unwrap())).collect();
        for (found, expected) in places(&y).into_iter().zip(expected) {
            // The middle row is rounding error around 0: only its size is checked.
            let is_tiny = found.abs().max(expected.abs()) < place(if dtype == F16 { 0x1400 } else { 0x3b00 });
            assert!(is_tiny || (found - expected).abs() <= 1, "{found} is not {expected}");
        }
        let x = x.expand_dims(0);
        let layer = MultiHeadDotProductAttention::new(2).dtype(dtype);
        // Rounded after each of six steps, some of which cancel.
        gives(layer, |m| m.call(&x, None, None, None), dtype, 4, attention);
    }
}

/// The dtype of a layer's result, and of the first of its parameters.
#[allow(clippy::needless_pass_by_value)] // So that the layers are written in the table.
fn dtypes<M: Module>(layer: M, call: impl Fn(&M) -> Tensor) -> (DType, Option<DType>) {
    let rngs = Rngs::new([("params", Key::new(0)), ("dropout", Key::new(1))]);
    let (y, variables) = layer.init_with_output(rngs, call).unwrap();
    let parameter = variables.params().tensors_with_paths().first().map(|(_, tensor)| tensor.dtype());
    (y.dtype(), parameter)
}

#[test]
fn results_have_the_dtype_that_is_asked_for_or_the_widest() {
    for half in [F16, BF16] {
        let x = normal(0, [2, 5, 5, 4]).convert(half);
        let flat = normal(1, [2, 4]).convert(half);
        macro_rules! each {
            ($($layer:expr, |$m:ident| $call:expr;)*) => {$(
                // Parameters of f32 make the result f32; parameters of the input's dtype do not.
                assert_eq!(dtypes($layer, |$m| $call), (F32, Some(F32)), stringify!($layer));
                assert_eq!(dtypes($layer.param_dtype(half), |$m| $call), (half, Some(half)), stringify!($layer));
                assert_eq!(dtypes($layer.dtype(half), |$m| $call), (half, Some(F32)), stringify!($layer));
                assert_eq!(dtypes($layer.dtype(F64), |$m| $call), (F64, Some(F32)), stringify!($layer));
            )*};
        }
        each! {
            Dense::new(3), |m| m.call(&x);
            DenseGeneral::new([2, 3]), |m| m.call(&x);
            Einsum::new([4, 3], "...a,ab->...b"), |m| m.call(&x);
            Conv::new(3, [3, 3]), |m| m.call(&x);
            ConvLocal::new(3, [3, 3]), |m| m.call(&x);
            ConvTranspose::new(3, [3, 3]), |m| m.call(&x);
            BatchNorm::new().use_running_average(false), |m| m.call(&x);
            LayerNorm::new(), |m| m.call(&x);
            RMSNorm::new(), |m| m.call(&x);
            GroupNorm::new().num_groups(2), |m| m.call(&x);
            InstanceNorm::new(), |m| m.call(&x);
            MultiHeadDotProductAttention::new(2), |m| m.call(&x, None, None, None);
            LSTMCell::new(4), |m| m.call(&(flat.clone(), flat.clone()), &flat).1;
            OptimizedLSTMCell::new(4), |m| m.call(&(flat.clone(), flat.clone()), &flat).1;
            GRUCell::new(4), |m| m.call(&flat, &flat).1;
            MGUCell::new(4), |m| m.call(&flat, &flat).1;
            SimpleCell::new(4), |m| m.call(&flat, &flat).1;
            ConvLSTMCell::new(4, [3, 3]), |m| m.call(&(x.clone(), x.clone()), &x).1;
        }
        assert_eq!(dtypes(PReLU::new(), |m| m.call(&x)), (half, Some(F32)));
        assert_eq!(dtypes(Dropout::new(0.5).deterministic(false), |m| m.call(&x)), (half, None));
        let ids = Tensor::from_vec([2], vec![1, 0]);
        let embed = || Embed::new(3, 4);
        assert_eq!(dtypes(embed(), |m| m.call(&ids)), (F32, Some(F32)));
        assert_eq!(dtypes(embed().dtype(half), |m| m.call(&ids)), (half, Some(F32)));
        assert_eq!(dtypes(embed().param_dtype(half), |m| m.call(&ids)), (half, Some(half)));
        assert_eq!(dtypes(embed().param_dtype(half), |m| m.attend(&flat)), (half, Some(half)));
        assert_eq!(avg_pool(&x, &Pooling::new([2, 2])).dtype(), half);
    }
}
