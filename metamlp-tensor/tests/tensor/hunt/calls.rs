//! A call of each public function with random arguments. A test compares the names with the sources.

use std::num::NonZeroUsize;

use metamlp_tensor::random::{self, Key, KeyRng};
use metamlp_tensor::{DType, F32, Limits, Tensor, trim, with_threads};

use super::choices::Choices;

pub(super) type Call = fn(&mut Choices) -> Tensor;

/// Entries of a table: each method, called by `$call` on the tensor `$x`.
macro_rules! methods {
    ($choices:ident, $x:ident, $arguments:tt: $($name:ident)*) => {
        &[$((stringify!($name), |$choices| {
            let $x = $choices.tensor();
            $x.$name $arguments
        })),*]
    };
}

/// The functions of a single tensor.
const UNARY: &[(&str, Call)] = methods! { c, x, ():
    abs ceil cos erf erf_inv erfc exp exp_m1 floor is_finite log log1p logistic negate not round
    rsqrt sign sin sqrt tan tanh softplus log_sigmoid square reciprocal stop_gradient sum_all
    mean_all max_all min_all prod_all all_all any_all logsumexp_all var_all ones_like zeros_like t
};

/// The functions of two tensors, or of a tensor and a number.
const BINARY: &[(&str, Call)] = methods! { c, x, (c.tensor()):
    and atan2 maximum minimum or power remainder shift_left shift_right xor equal not_equal less
    less_equal greater greater_equal integer_div
};

const WITH_NUMBERS: &[(&str, Call)] = methods! { c, x, (c.float()):
    and atan2 maximum minimum or power remainder shift_left shift_right xor equal not_equal less
    less_equal greater greater_equal integer_div
};

const WITH_AXES: &[(&str, Call)] = methods! { c, x, (c.axes()):
    sum sum_keepdims mean mean_keepdims max max_keepdims min min_keepdims prod prod_keepdims all
    all_keepdims any any_keepdims logsumexp logsumexp_keepdims var var_keepdims
};

const WITH_AN_AXIS: &[(&str, Call)] = methods! { c, x, (c.axis()):
    cumsum softmax log_softmax argmax argmin argsort sort expand_dims squeeze flip
};

/// All other functions.
const OTHERS: &[(&str, Call)] = &[
    ("arange", |c| Tensor::arange(c.count(), c.dtype())),
    ("bitcast_convert", |c| c.tensor().bitcast_convert(c.dtype())),
    ("broadcast_to", |c| c.tensor().broadcast_to(c.shape())),
    ("clamp", |c| c.tensor().clamp(c.float(), c.tensor())),
    ("concatenate", |c| Tensor::concatenate(&[c.tensor(), c.tensor()], c.axis())),
    ("conv_general_dilated", |c| c.tensor().conv_general_dilated(&c.tensor(), &c.convolution())),
    ("convert", |c| c.tensor().convert(c.dtype())),
    ("dot_general", |c| {
        let lists = [c.list(), c.list(), c.list(), c.list()];
        c.tensor().dot_general(&c.tensor(), (&lists[0], &lists[1]), (&lists[2], &lists[3]))
    }),
    ("dynamic_slice", |c| c.tensor().dynamic_slice(&c.integers(), c.list())),
    ("dynamic_update_slice", |c| c.tensor().dynamic_update_slice(&c.tensor(), &c.integers())),
    ("einsum", |c| {
        let equations = ["ij,jk->ik", "ii->i", "i,i->", "...ij,...jk", "ab,ab,b->a", "", "->", "i->j", "iij"];
        let equation = equations[c.below(equations.len())];
        let operands: Vec<Tensor> = (0..=c.below(3)).map(|_| c.tensor()).collect();
        Tensor::einsum(equation, &operands)
    }),
    ("eye", |c| Tensor::eye(c.count(), c.dtype())),
    ("from_vec", |c| Tensor::from_vec(c.shape(), vec![1.0f32; c.small()])),
    ("full", |c| Tensor::full(c.shape(), c.float(), c.dtype())),
    ("index", |c| c.tensor().index(c.count())),
    ("integer_pow", |c| c.tensor().integer_pow(c.integer())),
    ("iota", |c| Tensor::iota(c.shape(), c.count(), c.dtype())),
    ("linspace", |c| Tensor::linspace(c.float(), c.float(), c.length())),
    ("matmul", |c| c.tensor().matmul(&c.tensor())),
    ("mul_add", |c| c.tensor().mul_add(c.tensor(), c.float())),
    ("one_hot", |c| c.integers().one_hot(c.count())),
    ("ones", |c| Tensor::ones(c.shape(), c.dtype())),
    ("pad", |c| c.tensor().pad(c.list(), c.list(), c.float())),
    ("pad_interior", |c| c.tensor().pad_interior(c.list(), c.list(), c.list(), c.tensor())),
    ("pad_reflect", |c| c.tensor().pad_reflect(c.count(), c.small(), c.axis())),
    ("pad_wrap", |c| c.tensor().pad_wrap(c.small(), c.count(), c.axis())),
    ("reduce_window_max", |c| c.tensor().reduce_window_max(&c.window())),
    ("reduce_window_min", |c| c.tensor().reduce_window_min(&c.window())),
    ("reduce_window_sum", |c| c.tensor().reduce_window_sum(&c.window())),
    ("reshape", |c| c.tensor().reshape(c.shape())),
    ("roll", |c| c.tensor().roll(c.axis(), c.axis())),
    ("scalar", |c| Tensor::scalar(c.float())),
    ("scatter", |c| c.tensor().scatter(&c.integers(), &c.tensor(), c.axis())),
    ("scatter_add", |c| c.tensor().scatter_add(&c.integers(), &c.tensor(), c.axis())),
    ("select", |c| c.tensor().select(c.tensor(), c.float())),
    ("slice", |c| c.tensor().slice(c.list(), c.list(), c.list())),
    ("slice_axis", |c| c.tensor().slice_axis(c.axis(), c.count(), c.count())),
    ("spec", |c| Tensor::spec(c.shape(), c.dtype())),
    ("stack", |c| Tensor::stack(&[c.tensor(), c.tensor()], c.axis())),
    ("take", |c| c.tensor().take(&c.integers(), c.axis())),
    ("take_along_axis", |c| c.tensor().take_along_axis(&c.integers(), c.axis())),
    ("take_with", |c| c.tensor().take_with(&c.integers(), c.axis(), c.out_of_range())),
    ("top_k", |c| {
        let (values, indices) = c.tensor().top_k(c.count());
        if c.flag() { values } else { indices }
    }),
    ("transpose", |c| c.tensor().transpose(c.list())),
    ("zeros", |c| Tensor::zeros(c.shape(), c.dtype())),
    ("bernoulli", |c| random::bernoulli(c.key(), c.float(), c.shape())),
    ("bits", |c| random::bits(c.key(), c.shape())),
    ("categorical", |c| random::categorical(c.key(), &c.tensor(), c.axis(), None)),
    ("cauchy", |c| random::cauchy(c.key(), c.shape(), c.dtype())),
    ("choice", |c| {
        let weights = c.flag().then(|| c.tensor());
        random::choice(c.key(), c.length(), c.shape(), c.flag(), weights.as_ref())
    }),
    ("exponential", |c| random::exponential(c.key(), c.shape(), c.dtype())),
    ("gumbel", |c| random::gumbel(c.key(), c.shape(), c.dtype())),
    ("laplace", |c| random::laplace(c.key(), c.shape(), c.dtype())),
    ("logistic", |c| random::logistic(c.key(), c.shape(), c.dtype())),
    ("normal", |c| random::normal(c.key(), c.shape())),
    ("normal_dtype", |c| random::normal_dtype(c.key(), c.shape(), c.dtype())),
    ("permutation", |c| random::permutation(c.key(), c.count())),
    ("rademacher", |c| random::rademacher(c.key(), c.shape(), c.dtype())),
    ("randint", |c| random::randint(c.key(), c.shape(), c.integer(), c.integer())),
    ("shuffle", |c| random::shuffle(c.key(), &c.tensor())),
    ("truncated_normal", |c| random::truncated_normal(c.key(), c.shape(), c.dtype(), c.float(), c.float())),
    ("uniform", |c| random::uniform(c.key(), c.shape())),
    ("uniform_range", |c| random::uniform_range(c.key(), c.shape(), c.dtype(), c.float(), c.float())),
    ("fold_in", |c| c.key().fold_in(7).to_tensor()),
    ("fold_in_tensor", |c| c.key().fold_in_tensor(&c.tensor()).to_tensor()),
    ("from_tensor", |c| Key::from_tensor(c.tensor()).to_tensor()),
    ("split", |c| c.key().split(c.length()).last().map_or_else(|| Tensor::zeros([0], F32), Key::to_tensor)),
    ("from_words", |c| Key::from_rng(&mut KeyRng::from_words([c.integer().cast_unsigned(); 2])).to_tensor()),
    ("from_rng", |c| {
        c.key().rng().map_or_else(|_| Tensor::zeros([2], F32), |mut rng| Key::from_rng(&mut rng).to_tensor())
    }),
    ("rng", |c| {
        let key = c.key().fold_in_tensor(&c.integers());
        key.rng().map_or_else(|_| key.to_tensor(), |mut rng| Key::from_rng(&mut rng).to_tensor())
    }),
    ("words", |c| {
        let key = Key::from_tensor(c.tensor());
        key.words().map_or_else(|_| key.to_tensor(), |words| Key::from_words(words).to_tensor())
    }),
    ("poison", |c| {
        let error = Tensor::zeros([2], F32).reshape([3]).evaluate().unwrap_err();
        Tensor::poison(error, c.shape(), c.dtype())
    }),
    ("promote", |c| c.tensor().convert(DType::promote(c.dtype(), c.dtype()))),
    ("to_inexact", |c| Tensor::full(c.shape(), c.float(), c.dtype().to_inexact())),
    ("rank", |c| {
        let x = c.tensor();
        x.expand_dims(x.rank().cast_signed())
    }),
    ("is_float", |c| {
        let x = c.tensor();
        if x.dtype().is_float() { x.rsqrt() } else { x.not() }
    }),
    ("with_threads", |c| {
        let (threads, x) = (NonZeroUsize::new(c.count()).unwrap_or(NonZeroUsize::MIN), c.tensor());
        with_threads(threads, || {
            let sum = x.matmul(&x).sum_all();
            let _ = sum.evaluate();
            sum
        })
    }),
    ("trim", |c| {
        trim();
        c.tensor()
    }),
    ("set", |c| {
        Limits::current().set();
        c.tensor()
    }),
    ("current", |c| Tensor::full(c.shape(), Limits::current().plans, c.dtype())),
];

const TABLES: [&[(&str, Call)]; 6] = [UNARY, BINARY, WITH_NUMBERS, WITH_AXES, WITH_AN_AXIS, OTHERS];

/// The number of calls.
pub(super) fn count() -> usize {
    TABLES.iter().map(|table| table.len()).sum()
}

fn entry(mut number: usize) -> (&'static str, Call) {
    for table in TABLES {
        match table.get(number) {
            Some(&entry) => return entry,
            None => number -= table.len(),
        }
    }
    unreachable!("the number is below the number of calls")
}

/// The name of the function of a call.
pub(super) fn name(number: usize) -> &'static str {
    entry(number).0
}

/// The call of this number.
pub(super) fn function(number: usize) -> Call {
    entry(number).1
}
