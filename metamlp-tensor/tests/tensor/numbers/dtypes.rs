//! A table over the functions of tensors: values and gradients of 16-bit floats keep their dtype.

use metamlp_tensor::random::{self, Key};
use metamlp_tensor::{BF16, Convolution, DType, F16, OutOfRange, Tensor, Window, grad};

type Function = fn(&Tensor) -> Tensor;

fn indices() -> Tensor {
    Tensor::from_vec([2], vec![1, 0])
}

/// Functions of a tensor of shape `[2, 4]` whose value has the tensor's dtype.
const KEEPING: [(&str, Function); 88] = [
    ("abs", Tensor::abs),
    ("ceil", Tensor::ceil),
    ("cos", Tensor::cos),
    ("erf", Tensor::erf),
    ("erf_inv", Tensor::erf_inv),
    ("erfc", Tensor::erfc),
    ("exp", Tensor::exp),
    ("exp_m1", Tensor::exp_m1),
    ("floor", Tensor::floor),
    ("log", Tensor::log),
    ("log1p", Tensor::log1p),
    ("logistic", Tensor::logistic),
    ("negate", Tensor::negate),
    ("round", Tensor::round),
    ("rsqrt", Tensor::rsqrt),
    ("sign", Tensor::sign),
    ("sin", Tensor::sin),
    ("sqrt", Tensor::sqrt),
    ("tan", Tensor::tan),
    ("tanh", Tensor::tanh),
    ("softplus", Tensor::softplus),
    ("log_sigmoid", Tensor::log_sigmoid),
    ("square", Tensor::square),
    ("reciprocal", Tensor::reciprocal),
    ("integer_pow", |x| x.integer_pow(3)),
    ("integer_pow of 0", |x| x.integer_pow(0)),
    ("integer_pow below 0", |x| x.integer_pow(-3)),
    ("atan2", |x| x.atan2(x)),
    ("atan2 of a number", |x| x.atan2(2)),
    ("maximum", |x| x.maximum(0.5)),
    ("minimum", |x| x.minimum(1)),
    ("power", |x| x.power(x)),
    ("power of a number", |x| x.power(2.5)),
    ("power of an integer", |x| x.power(2_u64)),
    ("remainder", |x| x.remainder(0.3)),
    ("mul_add", |x| x.mul_add(0.5, x)),
    ("mul_add of numbers", |x| x.mul_add(2, 0.5)),
    ("select", |x| x.greater(0.5).select(x, 0.1)),
    ("select, number first", |x| x.greater(0.5).select(0.1, x)),
    ("clamp", |x| x.clamp(0, 0.5)),
    ("+", |x| x + 0.1),
    ("number -", |x| 1 - x),
    ("*", |x| 0.1 * x),
    ("/", |x| x / 3),
    ("number /", |x| 3.0 / x),
    ("stop_gradient", Tensor::stop_gradient),
    ("zeros_like", Tensor::zeros_like),
    ("ones_like", Tensor::ones_like),
    ("sum", |x| x.sum([0])),
    ("sum_keepdims", |x| x.sum_keepdims([0])),
    ("sum_all", Tensor::sum_all),
    ("mean", |x| x.mean([1])),
    ("mean_keepdims", |x| x.mean_keepdims([1])),
    ("mean_all", Tensor::mean_all),
    ("max", |x| x.max([1])),
    ("max_all", Tensor::max_all),
    ("min", |x| x.min([1])),
    ("min_keepdims", |x| x.min_keepdims([1])),
    ("prod", |x| x.prod([1])),
    ("prod_keepdims", |x| x.prod_keepdims([0])),
    ("prod_all", Tensor::prod_all),
    ("logsumexp", |x| x.logsumexp([1])),
    ("logsumexp_keepdims", |x| x.logsumexp_keepdims([1])),
    ("logsumexp_all", Tensor::logsumexp_all),
    ("var", |x| x.var([1])),
    ("var_all", Tensor::var_all),
    ("softmax", |x| x.softmax(1)),
    ("log_softmax", |x| x.log_softmax(1)),
    ("cumsum", |x| x.cumsum(1)),
    ("reduce_window_sum", |x| x.reduce_window_sum(&Window::new([1, 2]))),
    ("reduce_window_max", |x| x.reduce_window_max(&Window::new([1, 2]))),
    ("reduce_window_min", |x| x.reduce_window_min(&Window::new([1, 2]))),
    ("matmul", |x| x.matmul(&x.t())),
    ("einsum", |x| Tensor::einsum("ij,kj->ik", &[x, x])),
    ("convolution", |x| {
        let kernel = Tensor::full([2, 1, 1], 0.5, x.dtype());
        x.expand_dims(-1).conv_general_dilated(&kernel, &Convolution::new())
    }),
    ("take", |x| x.take(&indices(), 0)),
    ("take, clipped", |x| x.take_with(&indices(), 0, OutOfRange::Clip)),
    ("take_along_axis", |x| x.take_along_axis(&indices().reshape([2, 1]), 1)),
    ("scatter", |x| x.scatter(&indices(), x, 0)),
    ("scatter_add", |x| x.scatter_add(&indices(), x, 0)),
    ("dynamic_slice", |x| x.dynamic_slice(&indices(), [1, 2])),
    ("dynamic_update_slice", |x| x.dynamic_update_slice(&x.slice_axis(0, 0, 1), &indices())),
    ("pad", |x| x.pad([0, 1], [1, 0], 0.1)),
    ("concatenate", |x| Tensor::concatenate(&[x, x], 0)),
    ("sort", |x| x.sort(1)),
    ("flip", |x| x.flip(0)),
    ("roll", |x| x.roll(1, 0)),
    ("broadcast_to", |x| x.broadcast_to([3, 2, 4])),
];

fn x(dtype: DType) -> Tensor {
    let values = vec![0.1f32, 0.7, 0.3, 0.5, 0.7, 0.2, 0.6, 0.4];
    Tensor::from_vec([2, 4], values).convert(dtype)
}

#[test]
fn values_and_gradients_of_16_bit_floats_keep_their_dtype() {
    for dtype in [F16, BF16] {
        for (name, function) in KEEPING {
            let value = function(&x(dtype));
            assert_eq!((value.error().map(ToString::to_string), value.dtype()), (None, dtype), "{name}");
            let gradient = grad(&x(dtype), |x| Ok(function(x).sum_all())).unwrap();
            assert_eq!(gradient.dtype(), dtype, "gradient of {name}");
            let second = grad(&x(dtype), |x| Ok(grad(x, |x| Ok(function(x).sum_all()))?.sum_all())).unwrap();
            assert_eq!(second.dtype(), dtype, "second derivative of {name}");
        }
    }
}

#[test]
fn samplers_have_the_dtype_they_are_asked_for() {
    for dtype in [F16, BF16] {
        let key = || Key::new(0);
        for sample in [
            random::uniform_range(key(), [2], dtype, -1.0, 1.0),
            random::normal_dtype(key(), [2], dtype),
            random::truncated_normal(key(), [2], dtype, -1.0, 2.0),
        ] {
            assert_eq!(sample.dtype(), dtype);
        }
    }
}

/// Bits of JAX 0.10.2: in `f16` the affine map is rounded once, in `bf16` after the product too.
#[test]
fn bounded_samples_of_16_bit_floats_have_the_bits_of_jax() {
    let of = |x: Tensor| {
        let words = match x.dtype() {
            F16 => x.to_vec::<metamlp_tensor::f16>().unwrap().iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
            _ => x.to_vec::<metamlp_tensor::bf16>().unwrap().iter().map(|x| x.to_bits()).collect(),
        };
        words.iter().map(|word| format!("{word:04x}")).collect::<Vec<_>>().join(" ")
    };
    let truncated =
        |dtype, low: f64, high: f64| of(random::truncated_normal(Key::new(1), [12], dtype, low, high));
    let uniform = |dtype| of(random::uniform_range(Key::new(1), [12], dtype, -0.3, 1.6));
    assert_eq!(truncated(F16, -2.0, 2.0), "b9d2 be7c 3829 3917 31dc bcfa 3d4d 3866 aee5 b92e 3033 3c4d");
    assert_eq!(truncated(F16, -0.3, 1.7), "2585 b40d 3a64 3b11 387c b172 3d72 3a91 35dc 2b9d 3832 3cc9");
    assert_eq!(uniform(F16), "2fa0 b3b4 3c2e 3c7e 3a5b b042 3dd7 3c43 3884 316a 3a07 3d75");
    assert_eq!(truncated(BF16, -0.3, 1.7), "3f4d 3d53 3ecd 3fb5 3f2c 3f5b 3eb9 be3d 3ef3 3e96 be03 3ec2");
    assert_eq!(uniform(BF16), "3f86 3e24 3f1c 3fbe 3f6b 3f8c 3f10 be1c 3f32 3ef2 bd9e 3f14");
    let normal = of(random::normal_dtype(Key::new(1), [12], F16));
    assert_eq!(normal, "ba27 bf6f 3863 3961 322a bd68 3dd1 38a3 af2e b977 306b 3ca0");
}
