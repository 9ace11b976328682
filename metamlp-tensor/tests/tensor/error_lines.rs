//! Each public function of tensors that can fail, in a wrong call whose error must name the caller's line.

use std::path::Path;

use metamlp_tensor::random::{self, Key};
use metamlp_tensor::{
    BOOL, Convolution, F32, I32, OutOfRange, Plan, Tensor, U32, Window, evaluate, grad, jit, value_and_grad,
    value_and_grad_with_aux,
};

use crate::lines::{WrongCall, forgotten, misplaced, wrong};

const NAN: f64 = f64::NAN;

fn matrix() -> Tensor {
    Tensor::ones([2, 3], F32)
}

fn elementwise() -> Vec<WrongCall> {
    let (x, y, f, i) = (&matrix(), &Tensor::ones([4], F32), &Tensor::ones([3], F32), &Tensor::ones([3], I32));
    vec![
        wrong("Tensor::not", || f.not()),
        wrong("Tensor::and", || f.and(f)),
        wrong("Tensor::and", || i.and(Tensor::ones([4], I32))),
        wrong("Tensor::or", || f.or(f)),
        wrong("Tensor::xor", || f.xor(f)),
        wrong("Tensor::shift_left", || f.shift_left(f)),
        wrong("Tensor::shift_right", || f.shift_right(1)),
        wrong("Tensor::atan2", || x.atan2(y)),
        wrong("Tensor::maximum", || x.maximum(y)),
        wrong("Tensor::minimum", || x.minimum(y)),
        wrong("Tensor::power", || x.power(y)),
        wrong("Tensor::remainder", || x.remainder(y)),
        wrong("Tensor::integer_div", || x.integer_div(y)),
        wrong("Tensor::equal", || x.equal(y)),
        wrong("Tensor::not_equal", || x.not_equal(y)),
        wrong("Tensor::less", || x.less(y)),
        wrong("Tensor::less_equal", || x.less_equal(y)),
        wrong("Tensor::greater", || x.greater(y)),
        wrong("Tensor::greater_equal", || x.greater_equal(y)),
        wrong("Tensor::mul_add", || x.mul_add(y, 1.0)),
        wrong("Tensor::mul_add", || x.mul_add(1.0, y)),
        wrong("Tensor::select", || x.select(x, x)),
        wrong("Tensor::select", || x.greater(0.0).select(y, 0.0)),
        wrong("Tensor::clamp", || x.clamp(y, 1.0)),
        wrong("Tensor::clamp", || x.clamp(0.0, y)),
        wrong("Tensor::bitcast_convert", || x.bitcast_convert(BOOL)),
        wrong("Tensor::broadcast_to", || x.broadcast_to([7])),
        wrong("Tensor::sum", || x + y),
        wrong("Tensor::sum", || x - y),
        wrong("Tensor::sum", || x * y),
        wrong("Tensor::sum", || x / y),
    ]
}

fn reductions() -> Vec<WrongCall> {
    let (x, window) = (&matrix(), &Window::new([1]));
    vec![
        wrong("Tensor::sum", || x.sum([7])),
        wrong("Tensor::sum_keepdims", || x.sum_keepdims([7])),
        wrong("Tensor::mean", || x.mean([7])),
        wrong("Tensor::mean_keepdims", || x.mean_keepdims([7])),
        wrong("Tensor::max", || x.max([7])),
        wrong("Tensor::max", || Tensor::ones([2, 0], F32).max([1])),
        wrong("Tensor::max_keepdims", || x.max_keepdims([7])),
        wrong("Tensor::min", || x.min([7])),
        wrong("Tensor::min_keepdims", || x.min_keepdims([7])),
        wrong("Tensor::prod", || x.prod([7])),
        wrong("Tensor::prod_keepdims", || x.prod_keepdims([7])),
        wrong("Tensor::all", || x.all([7])),
        wrong("Tensor::all_keepdims", || x.all_keepdims([7])),
        wrong("Tensor::any", || x.any([7])),
        wrong("Tensor::any_keepdims", || x.any_keepdims([7])),
        wrong("Tensor::logsumexp", || x.logsumexp([7])),
        wrong("Tensor::logsumexp_keepdims", || x.logsumexp_keepdims([7])),
        wrong("Tensor::var", || x.var([7])),
        wrong("Tensor::var_keepdims", || x.var_keepdims([7])),
        wrong("Tensor::softmax", || x.softmax(7)),
        wrong("Tensor::log_softmax", || x.log_softmax(7)),
        wrong("Tensor::argmax", || x.argmax(7)),
        wrong("Tensor::argmin", || x.argmin(7)),
        wrong("Tensor::cumsum", || x.cumsum(7)),
        wrong("Tensor::reduce_window_sum", || x.reduce_window_sum(window)),
        wrong("Tensor::reduce_window_max", || x.reduce_window_max(window)),
        wrong("Tensor::reduce_window_min", || x.reduce_window_min(window)),
        wrong("Window::new", || x.reduce_window_min(&Window::new([0, 1]))),
    ]
}

fn axes() -> Vec<WrongCall> {
    let (x, y, i) = (&matrix(), &Tensor::ones([4], F32), &Tensor::zeros([2], I32));
    let none = Vec::<Tensor>::new();
    vec![
        wrong("Tensor::argsort", || x.argsort(7)),
        wrong("Tensor::sort", || x.sort(7)),
        wrong("Tensor::top_k", || x.top_k(7).0),
        wrong("Tensor::reshape", || x.reshape([7])),
        wrong("Tensor::transpose", || x.transpose([7])),
        wrong("Tensor::expand_dims", || x.expand_dims(7)),
        wrong("Tensor::squeeze", || x.squeeze(7)),
        wrong("Tensor::slice", || x.slice([7], [0], [1])),
        wrong("Tensor::slice_axis", || x.slice_axis(7, 0, 1)),
        wrong("Tensor::slice_axis", || x.slice_axis(0, 2, 1)),
        wrong("Tensor::index", || x.index(7)),
        wrong("Tensor::concatenate", || Tensor::concatenate(&[x, y], 0)),
        wrong("Tensor::concatenate", || Tensor::concatenate(&none, 0)),
        wrong("Tensor::stack", || Tensor::stack(&[x, y], 0)),
        wrong("Tensor::stack", || Tensor::stack(&none, 0)),
        wrong("Tensor::pad", || x.pad([1], [1], 0.0)),
        wrong("Tensor::pad_interior", || x.pad_interior([1], [1], [1], 0.0)),
        wrong("Tensor::flip", || x.flip(7)),
        wrong("Tensor::roll", || x.roll(1, 7)),
        wrong("Tensor::pad_wrap", || x.pad_wrap(1, 1, 7)),
        wrong("Tensor::pad_reflect", || x.pad_reflect(1, 1, 7)),
        wrong("Tensor::take", || x.take(i, 7)),
        wrong("Tensor::take", || x.take(x, 0)),
        wrong("Tensor::take_with", || x.take_with(x, 0, OutOfRange::Clip)),
        wrong("Tensor::take_along_axis", || x.take_along_axis(i, 7)),
        wrong("Tensor::scatter_add", || x.scatter_add(i, y, 0)),
        wrong("Tensor::scatter", || x.scatter(i, y, 0)),
        wrong("Tensor::dynamic_slice", || x.dynamic_slice(x, [1, 1])),
        wrong("Tensor::dynamic_update_slice", || x.dynamic_update_slice(y, i)),
        wrong("Tensor::one_hot", || x.one_hot(3)),
    ]
}

fn products() -> Vec<WrongCall> {
    let (x, y) = (&matrix(), &Tensor::ones([4], F32));
    vec![
        wrong("Tensor::matmul", || x.matmul(y)),
        wrong("Tensor::dot_general", || x.dot_general(y, (&[7], &[0]), (&[], &[]))),
        wrong("Tensor::einsum", || Tensor::einsum("ij,jk->ik", &[x, y])),
        wrong("Tensor::einsum", || Tensor::einsum("?", &[x])),
        wrong("Tensor::conv_general_dilated", || x.conv_general_dilated(y, &Convolution::new())),
        wrong("Convolution::new", || {
            let image = Tensor::ones([1, 1, 4], F32);
            image.conv_general_dilated(&image, &Convolution::new().window_strides([0]))
        }),
    ]
}

fn values() -> Vec<WrongCall> {
    let (x, unknown) = (&matrix(), &Tensor::spec([2], F32));
    vec![
        wrong("Tensor::from_vec", || Tensor::from_vec([3], vec![1f32])),
        wrong("Tensor::iota", || Tensor::iota([2], 7, F32)),
        wrong("Tensor::evaluate", || unknown.evaluate()),
        wrong("Tensor::view", || x.view::<f64>()),
        wrong("Tensor::view", || unknown.view::<f32>()),
        wrong("Tensor::to_array", || x.to_array::<f64>()),
        wrong("Tensor::to_vec", || x.to_vec::<f64>()),
        wrong("Tensor::to_vec", || unknown.to_vec::<f32>()),
        wrong("Tensor::item", || x.item::<f32>()),
        wrong("Tensor::item", || unknown.sum_all().item::<f32>()),
        wrong("Tensor::spec", || unknown.item::<f32>()),
        wrong("evaluate", || evaluate((x.clone(), unknown.clone()))),
    ]
}

fn transformations() -> Vec<WrongCall> {
    let x = &matrix();
    let one = || Tensor::scalar(1f32);
    vec![
        wrong("grad", || grad(x, |x| x.square())),
        wrong("value_and_grad", || value_and_grad(x, |x| x.square())),
        wrong("value_and_grad_with_aux", || value_and_grad_with_aux(x, |x| Ok((x.square(), ())))),
        wrong("grad", || grad(&Tensor::spec([2], F32), |x| x.sum_all())),
        wrong("jit", || jit(|x: Tensor| Ok(&x * f64::from(x.item::<f32>()?)))(one())),
        wrong("jit", || jit(|x: Tensor| Ok(x.reshape([7])))(one())),
        wrong("jit", || {
            jit(|x: Tensor| {
                x.evaluate()?;
                Ok(x)
            })(one())
        }),
        wrong("Plan::of", || Plan::of(|x: Tensor| Ok::<_, metamlp_tensor::Error>(x.reshape([7])), x)),
        wrong("Key::words", || {
            jit(|key: Key| {
                key.words()?;
                Ok(Tensor::scalar(1))
            })(Key::new(0))
        }),
        wrong("Key::rng", || {
            jit(|key: Key| {
                key.rng()?;
                Ok(Tensor::scalar(1))
            })(Key::new(0))
        }),
    ]
}

fn random_functions() -> Vec<WrongCall> {
    let (x, key) = (&matrix(), || Key::new(0));
    let (f, scalar) = (&Tensor::ones([4], F32), &Tensor::scalar(1f32));
    vec![
        wrong("Key::from_tensor", || Key::from_tensor(Tensor::ones([3], U32)).words()),
        wrong("Key::fold_in_tensor", || key().fold_in_tensor(x).words()),
        wrong("bernoulli", || random::bernoulli(key(), x, [4])),
        wrong("categorical", || random::categorical(key(), x, 7, None)),
        wrong("cauchy", || random::cauchy(key(), [2], I32)),
        wrong("choice", || random::choice(key(), 3, [7], false, None)),
        wrong("choice", || random::choice(key(), 3, [1], false, Some(f))),
        wrong("exponential", || random::exponential(key(), [2], I32)),
        wrong("gumbel", || random::gumbel(key(), [2], I32)),
        wrong("laplace", || random::laplace(key(), [2], I32)),
        wrong("logistic", || random::logistic(key(), [2], I32)),
        wrong("normal_dtype", || random::normal_dtype(key(), [2], I32)),
        wrong("rademacher", || random::rademacher(key(), [2], BOOL)),
        wrong("randint", || random::randint(key(), [2], 1, 1)),
        wrong("shuffle", || random::shuffle(key(), scalar)),
        wrong("truncated_normal", || random::truncated_normal(key(), [2], F32, 1.0, -1.0)),
        wrong("uniform_range", || random::uniform_range(key(), [2], F32, NAN, 1.0)),
    ]
}

fn wrong_calls() -> Vec<WrongCall> {
    let topics =
        [elementwise(), reductions(), axes(), products(), values(), transformations(), random_functions()];
    topics.into_iter().flatten().collect()
}

/// Functions without an error, by the reason.
const CANNOT_FAIL: &[(&str, &[&str])] = &[
    (
        "takes tensors of all shapes and dtypes",
        &[
            "Tensor::abs",
            "Tensor::ceil",
            "Tensor::cos",
            "Tensor::erf",
            "Tensor::erf_inv",
            "Tensor::erfc",
            "Tensor::exp",
            "Tensor::exp_m1",
            "Tensor::floor",
            "Tensor::is_finite",
            "Tensor::log",
            "Tensor::log1p",
            "Tensor::logistic",
            "Tensor::negate",
            "Tensor::round",
            "Tensor::rsqrt",
            "Tensor::sign",
            "Tensor::sin",
            "Tensor::sqrt",
            "Tensor::tan",
            "Tensor::tanh",
            "Tensor::softplus",
            "Tensor::log_sigmoid",
            "Tensor::square",
            "Tensor::reciprocal",
            "Tensor::integer_pow",
            "Tensor::convert",
            "Tensor::stop_gradient",
            "Tensor::t",
            "Tensor::sum_all",
            "Tensor::mean_all",
            "Tensor::max_all",
            "Tensor::min_all",
            "Tensor::prod_all",
            "Tensor::all_all",
            "Tensor::any_all",
            "Tensor::logsumexp_all",
            "Tensor::var_all",
            "Tensor::zeros_like",
            "Tensor::ones_like",
        ],
    ),
    (
        "makes a tensor or a key of any shape",
        &[
            "Tensor::arange",
            "Tensor::eye",
            "Tensor::full",
            "Tensor::linspace",
            "Tensor::ones",
            "Tensor::scalar",
            "Tensor::zeros",
            "bits",
            "normal",
            "permutation",
            "uniform",
            "Key::fold_in",
            "Key::from_rng",
            "Key::from_words",
            "Key::new",
            "Key::split",
            "Key::to_tensor",
            "KeyRng::from_words",
        ],
    ),
    (
        "reads what is known of a tensor, a plan or a type",
        &[
            "Tensor::dtype",
            "Tensor::error",
            "Tensor::is_concrete",
            "Tensor::rank",
            "Tensor::shape",
            "Tensor::size",
            "Tensor::ty",
            "DType::*",
            "Shape::*",
            "Cost::*",
            "Plan::input_bytes",
            "Plan::kernels",
            "Plan::output_bytes",
            "Plan::panel_bytes",
            "Plan::peak_bytes",
            "cached_plans",
            "compile_work",
            "compiled_plans",
            "executed_nodes",
            "executed_plans",
            "trim",
        ],
    ),
    (
        "makes or places errors",
        &[
            "Error::*",
            "Source::*",
            "Tensor::poison",
            "Tensor::poisoned_like",
            "with_caller",
            "with_path",
            "with_threads",
        ],
    ),
    (
        "walks over trees",
        &[
            "Bits::*",
            "StaticPart::*",
            "Tree::*",
            "TreePath::*",
            "TreeVisitor::*",
            "VisitStatic::*",
            "dyn TreeVisitor + '_::*",
        ],
    ),
    (
        "computes with plain numbers",
        &[
            "block",
            "fold_in",
            "erf_f32",
            "erf_f64",
            "erf_inv_f32",
            "erf_inv_f64",
            "erfc_f32",
            "erfc_f64",
            "exp_f32",
            "exp_f64",
            "exp_m1_f32",
            "exp_m1_f64",
            "log1p_f32",
            "log1p_f64",
            "log_f32",
            "log_f64",
            "logistic_f32",
            "logistic_f64",
            "rsqrt_f32",
            "rsqrt_f64",
            "tanh_f32",
            "tanh_f64",
        ],
    ),
];

#[test]
fn an_error_names_the_callers_line() {
    let misplaced = misplaced(&wrong_calls());
    assert!(misplaced.is_empty(), "{misplaced:#?}");
}

#[test]
fn every_public_function_that_can_fail_is_called() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let forgotten = forgotten(&source, &wrong_calls(), CANNOT_FAIL);
    assert!(forgotten.is_empty(), "{forgotten:#?}");
}
