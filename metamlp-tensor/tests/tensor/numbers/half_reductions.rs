//! Reductions of 16-bit floats: summed and counted in `f32`, rounded once. Bits are those of JAX 0.10.2 on a CPU.

use metamlp_tensor::{BF16, DType, F16, F32, Padding, Result, Tensor, Window, bf16, f16, grad};

type Function = fn(&Tensor) -> Tensor;

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

/// Numbers, and the bits of their mean, variance, the gradients of both, sum and product.
const OF_JAX: [(DType, [&str; 7]); 2] = [
    (
        F16,
        [
            "461f c7ab 3d04 bed0 bd6f b92d c60f b991 c131 48fc 396b bc3b bac0 c002 c255 bcb1 3dc9 b9ba",
            "bdef 3592",
            "4b10 4a97",
            "2f1c",
            "3ec2 bd7f 38de aa3f 271e 31f3 bc11 319a b3e9 4047 2caf b4ff b43d b82e ba3f b568 33cf b391",
            "caad 4244",
            "e388 51cd",
        ],
    ),
    (
        BF16,
        [
            "4038 bf19 3d95 4094 3fd1 bfc2 bf0c 3fd0 40ba bf4f bf3b 4040 c02a bf60 4029 3fdf 3e8d 4001",
            "3fc7 3f03",
            "40b2 4054",
            "3de4",
            "3e96 bef5 bea8 3f2f 3c90 bf2f beef 3c82 3f72 be96 be8d 3f0e bf34 be9e 3ef2 3e8c bd57 3eab",
            "4160 4093",
            "c0ed 4128",
        ],
    ),
];

#[test]
fn reductions_have_the_bits_of_jax() -> Result<()> {
    for (dtype, [x, mean, var, mean_gradient, var_gradient, sum, prod]) in OF_JAX {
        let x = of_bits(dtype, &[2, 9], x);
        assert_eq!(bits(&x.mean([1])), mean, "mean of {dtype}");
        assert_eq!(bits(&x.mean_keepdims([1])), mean, "mean_keepdims of {dtype}");
        assert_eq!(bits(&x.var([1])), var, "var of {dtype}");
        assert_eq!(bits(&x.sum([1])), sum, "sum of {dtype}");
        assert_eq!(bits(&x.prod([1])), prod, "prod of {dtype}");
        let gradient = grad(&x, |x| Ok(x.mean([1]).sum_all()))?;
        assert_eq!(bits(&gradient), vec![mean_gradient; 18].join(" "), "gradient of the mean of {dtype}");
        let gradient = grad(&x, |x| Ok(x.var([1]).sum_all()))?;
        assert_eq!(bits(&gradient), var_gradient, "gradient of the variance of {dtype}");
    }
    Ok(())
}

/// A reduction in a 16-bit dtype is the same reduction in `f32`, rounded.
#[test]
fn a_reduction_is_rounded_once() {
    let reductions: [(&str, Function); 12] = [
        ("sum", |x| x.sum([-1])),
        ("mean", |x| x.mean([-1])),
        ("mean_all", Tensor::mean_all),
        ("var", |x| x.var([-1])),
        ("var_all", Tensor::var_all),
        ("prod", |x| (x * 0.0 + 1.0078125).prod([-1])),
        ("logsumexp", |x| (x * 0.01).logsumexp([-1])),
        ("cumsum", |x| x.cumsum(-1)),
        ("reduce_window_sum", |x| x.reduce_window_sum(&Window::new([1, 300]).padding(Padding::Same))),
        ("matmul", |x| x.matmul(&x.t())),
        ("einsum", |x| Tensor::einsum("ij,ij->i", &[x, x])),
        ("max", |x| x.max([-1])),
    ];
    for dtype in [F16, BF16] {
        let values: Vec<f32> =
            (0..900).map(|i| if i % 50 == 3 { 9.0 } else { 0.1 + (i % 7) as f32 * 0.3 }).collect();
        let x = Tensor::from_vec([3, 300], values).convert(dtype);
        for (name, reduction) in reductions {
            let narrow = reduction(&x);
            assert_eq!(narrow.dtype(), dtype, "{name}");
            if matches!(name, "prod" | "logsumexp") {
                // The operand is rounded before the reduction.
                continue;
            }
            assert_eq!(bits(&narrow), bits(&reduction(&x.convert(F32)).convert(dtype)), "{name} of {dtype}");
        }
    }
}

/// (a tensor whose sum or count leaves `f16`, a function, its value)
#[test]
fn neither_sums_nor_counts_leave_the_range_of_the_dtype() -> Result<()> {
    let halves = |value: f64| Tensor::full([70_000], value, F16);
    let long = Tensor::from_vec([100], (0..100).map(|i| 900.0 + i as f32).collect()).convert(F16);
    let spread: Vec<f32> = (0..1000).map(|i| if i % 500 == 3 { 300.0 } else { 0.1 }).collect();
    let spread = Tensor::from_vec([1000], spread).convert(F16);
    let close = |name: &str, found: Tensor, right: f32| {
        let found = found.convert(F32).to_vec::<f32>().unwrap()[0];
        assert!((found - right).abs() <= 1e-2 * right, "{name}: {found}, right {right}");
    };
    close("mean of 900..999", long.mean_all(), 949.5);
    close("mean of rows", long.reshape([2, 50]).mean([1]), 924.5);
    close("mean of 70,000 halves", halves(0.5).mean_all(), 0.5);
    close("mean of 70,000 small numbers", halves(0.001).mean_all(), 0.001);
    close("variance", spread.var_all(), 179.5);
    close("gradient of a mean", grad(&halves(0.5), |x| Ok(x.mean_all()))?, 1.0 / 70_000.0);
    close("gradient of a mean square", grad(&halves(0.5), |x| Ok(x.square().mean_all()))?, 1.0 / 70_000.0);
    close("gradient of a maximum of equals", grad(&halves(0.5), |x| Ok(x.max_all()))?, 1.0 / 70_000.0);
    close("softmax", halves(0.5).softmax(0), 1.0 / 70_000.0);
    close("logsumexp", halves(0.0).logsumexp_all(), 70_000.0_f32.ln());
    close("log_softmax", -halves(0.5).log_softmax(0), 70_000.0_f32.ln());
    Ok(())
}
