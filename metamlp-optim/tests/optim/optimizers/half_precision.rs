//! Optimizers of `f16` and `bf16` parameters against optax 0.2.8 on a CPU; parameters and state keep
//! their dtype.

use metamlp_optim::*;
use metamlp_tensor::{BF16, DType, F16, I32, Tensor, Tree, bf16, f16};

/// Three steps along `(i + 1)·x + 1/4`, as bits.
fn trained(optimizer: &Optimizer, dtype: DType) -> Vec<u16> {
    let mut x = (Tensor::arange(4, metamlp_tensor::F32) * 0.37 - 0.5).convert(dtype);
    let mut state = optimizer.init(&x);
    for i in 0..3 {
        let gradient = &x * f64::from(i + 1) + 0.25;
        let (updates, next) = optimizer.update(&gradient, &state, Some(&x)).unwrap();
        (x, state) = (apply_updates(&x, &updates).unwrap(), next);
        assert!(state.tensors().iter().all(|tensor| tensor.dtype() == dtype || tensor.dtype() == I32));
    }
    assert_eq!(x.dtype(), dtype);
    match dtype {
        F16 => x.to_vec::<f16>().unwrap().into_iter().map(f16::to_bits).collect(),
        _ => x.to_vec::<bf16>().unwrap().into_iter().map(bf16::to_bits).collect(),
    }
}

#[test]
fn optimizers_have_the_numbers_of_optax() {
    for (name, optimizer, half, brain) in [
        ("sgd", Sgd::new(0.1).momentum(0.9).into(), "b2b5 b05c ac04 2140", "be57 be0b bd83 3c20"),
        ("adam", adam(0.1), "b2a4 b03c ab68 34fb", "be54 be08 bd72 3e9e"),
        ("adamw", AdamW::new(0.1).weight_decay(0.01).into(), "b29a b039 ab78 34f5", "be53 be06 bd72 3e9d"),
        ("lion", lion(0.01), "b785 afae 32b8 38a4", "bef1 bdf6 3e58 3f13"),
        ("rmsprop", rmsprop(0.1), "b1c0 ab74 a710 aaaa", "be37 bd6e bce4 bd5c"),
        ("adagrad", adagrad(0.1), "b47c ae34 2845 35d6", "be8f bdc6 3d08 3eba"),
    ] {
        for (dtype, expected) in [(F16, half), (BF16, brain)] {
            let optimizer: &Optimizer = &optimizer;
            let expected = expected.split(' ').map(|bits| u16::from_str_radix(bits, 16).unwrap());
            for (found, expected) in trained(optimizer, dtype).into_iter().zip(expected) {
                // Equal sign, and a few roundings apart: XLA rounds fewer of the intermediate steps.
                let apart = (i32::from(found) - i32::from(expected)).abs();
                assert!(apart <= 4, "{name} {dtype}: {found:04x} is not {expected:04x}");
            }
        }
    }
}
