//! Each gradient rule against finite differences in f64, in the middle of a graph: with a coefficient after the operation
//! and a fan-out of two.

use metamlp_tensor::{Convolution, F64, I32, OutOfRange, Padding, Tensor, Window, grad};

mod differences;

use differences::check;

const SIX: [f64; 6] = [0.31, 0.87, 1.42, 0.55, 1.9, 0.12];
const TWELVE: [f64; 12] = [0.31, 0.87, 1.42, 0.55, 1.9, 0.12, 0.77, 1.13, 0.42, 1.61, 0.98, 0.21];

macro_rules! unary_gradients {
    ($($name:ident $($scale:literal)?),* $(,)?) => {$(
        #[test]
        fn $name() {
            check(&[6], &SIX, |x| { let x = x.clone(); $(let x = x * $scale;)? x.$name() });
        }
    )*};
}

unary_gradients! {
    abs, cos, erf, erf_inv 0.3, erfc, exp, exp_m1, log, log1p, logistic, negate, rsqrt, sin, sqrt, tan 0.5, tanh,
    square, reciprocal,
}

#[test]
fn steps_have_no_gradient() {
    for f in [Tensor::ceil, Tensor::floor, Tensor::round, Tensor::sign] {
        check(&[6], &SIX, |x| f(&(x * 1.37)) * x);
    }
}

fn other() -> Tensor {
    Tensor::from_vec([2, 3], vec![0.7, 1.3, 0.4, 1.1, 0.6, 1.7])
}

macro_rules! binary_gradients {
    ($($name:ident: $f:expr;)*) => {$(
        #[test]
        fn $name() {
            let f: fn(&Tensor, &Tensor) -> Tensor = $f;
            let other = other();
            check(&[2, 3], &SIX, |x| f(x, &other));
            check(&[2, 3], &SIX, |x| f(&other, x));
            // Broadcast from a single row, and from a single element.
            check(&[3], &SIX[..3], |x| f(x, &other));
            check(&[1, 1], &SIX[..1], |x| f(&other, x));
        }
    )*};
}

binary_gradients! {
    add: |x, y| x + y;
    sub: |x, y| x - y;
    mul: |x, y| x * y;
    div: |x, y| x / y;
    remainder: |x, y| x.remainder(y);
    maximum: |x, y| x.maximum(y);
    minimum: |x, y| x.minimum(y);
    power: |x, y| x.power(y);
    atan2: |x, y| x.atan2(y);
    select: |x, y| x.greater(0.8).select(x, y);
    mul_add: |x, y| x.mul_add(y, x);
}

#[test]
fn integer_pow() {
    for n in [-2, 0, 1, 5] {
        check(&[6], &SIX, |x| x.integer_pow(n));
    }
}

#[test]
fn conversions() {
    check(&[6], &SIX, |x| x.convert(F64) * x.convert(I32).convert(F64));
}

#[test]
fn rearranging() {
    check(&[2, 3], &SIX, |x| x.reshape([3, 2]).t());
    check(&[2, 3, 2], &TWELVE, |x| x.transpose([2, 0, 1]));
    check(&[2, 1, 3], &SIX, |x| x.broadcast_to([4, 2, 2, 3]));
    check(&[3, 4], &TWELVE, |x| x.slice([0, 1], [3, 4], [2, 2]));
    check(&[3, 4], &TWELVE, |x| x.slice([1, 0], [1, 4], [1, 1]));
    check(&[2, 3], &SIX, |x| {
        x.pad_interior([1, 0], [0, 2], [1, 2], x.index(0).slice_axis(0, 0, 1).squeeze(0))
    });
    check(&[2, 3], &SIX, |x| Tensor::concatenate(&[x, &(x * 2.0), &other()], -1));
    check(&[2, 3], &SIX, |x| Tensor::stack(&[x, &x.flip(1)], 1));
}

#[test]
fn picking() {
    let rows = Tensor::from_vec([2, 2], vec![2, 0, 2, -3]);
    check(&[3, 4], &TWELVE, |x| x.take(&rows, 0));
    check(&[3, 4], &TWELVE, |x| x.take(&rows, 1));
    let beyond = Tensor::from_vec([3], vec![7, -9, 1]);
    for out_of_range in [OutOfRange::Clip, OutOfRange::Wrap] {
        check(&[3, 4], &TWELVE, |x| x.take_with(&beyond, 0, out_of_range));
    }
    let each = Tensor::from_vec([3, 2], vec![0, 3, -1, 2, 2, 2]);
    check(&[3, 4], &TWELVE, |x| x.take_along_axis(&each, 1));
    check(&[1, 4], &TWELVE[..4], |x| x.take_along_axis(&each, -1));
    let row = Tensor::from_vec([1, 1], vec![1]);
    check(&[3, 4], &TWELVE, |x| x.take_along_axis(&row, 0));
}

#[test]
fn putting() {
    let updates = Tensor::from_vec([2, 3], SIX.to_vec());
    for at in [vec![1, 1], vec![-1, 7], vec![0, -9]] {
        let at = Tensor::from_vec([2], at);
        for scatter in [Tensor::scatter_add, Tensor::scatter] {
            check(&[2, 3], &SIX, |x| scatter(x, &at, &updates, 0));
            check(&[2, 3], &SIX, |x| scatter(&updates, &at, x, 0));
            check(&[2, 2], &SIX[..4], |x| scatter(&updates, &at, x, 1));
            check(&[1], &SIX[..1], |x| scatter(&updates, &at, x, 1));
        }
    }
}

#[test]
fn parts_at_computed_places() {
    let whole = Tensor::from_vec([3, 4], TWELVE.to_vec());
    for at in [vec![0, 1], vec![9, -2]] {
        let at = Tensor::from_vec([2], at);
        check(&[3, 4], &TWELVE, |x| x.dynamic_slice(&at, [2, 3]));
        check(&[3, 4], &TWELVE, |x| x.dynamic_update_slice(&other(), &at));
        check(&[2, 3], &SIX, |x| whole.dynamic_update_slice(x, &at));
    }
}

#[test]
fn ordering() {
    check(&[3, 4], &TWELVE, |x| x.sort(1));
    check(&[3, 4], &TWELVE, |x| x.sort(0) * x);
    check(&[3, 4], &TWELVE, |x| x.top_k(2).0);
}

#[test]
fn shifting() {
    check(&[3, 4], &TWELVE, |x| x.roll(1, 1));
    check(&[3, 2], &SIX, |x| x.pad_wrap(4, 2, 0));
    check(&[3, 2], &SIX, |x| x.pad_reflect(4, 3, 0));
}

#[test]
fn windows() {
    let ways = [
        Window::new([2, 2]),
        Window::new([2, 3]).strides([2, 1]).padding(Padding::Same),
        Window::new([2, 2]).padding([(1, 1), (-1, 2)]).window_dilation([2, 1]).base_dilation([1, 2]),
    ];
    for way in &ways {
        check(&[3, 4], &TWELVE, |x| x.reduce_window_sum(way));
        // The extremum of an empty window is infinite.
        check(&[3, 4], &TWELVE, |x| x.reduce_window_max(way).maximum(-1.0));
        check(&[3, 4], &TWELVE, |x| x.reduce_window_min(way).minimum(9.0));
    }
    check(&[3, 4], &TWELVE, |x| grad(x, |x| x.reduce_window_max(&ways[0]).square().sum_all()).unwrap());
}

#[test]
fn reductions() {
    check(&[2, 3, 2], &TWELVE, |x| x.sum([1]));
    check(&[2, 3, 2], &TWELVE, |x| x.mean([0, -1]));
    check(&[2, 3, 2], &TWELVE, |x| x.max([1]));
    check(&[2, 3, 2], &TWELVE, |x| x.min([0, 2]));
    check(&[2, 3, 2], &TWELVE, |x| x.prod([2]));
    check(&[2, 3, 2], &TWELVE, |x| x.var([1]));
    check(&[2, 3, 2], &TWELVE, |x| x.logsumexp([1, 2]));
    check(&[2, 6], &TWELVE, |x| x.softmax(1));
    check(&[2, 6], &TWELVE, |x| x.log_softmax(-1));
    check(&[2, 3, 2], &TWELVE, |x| x.cumsum(1));
}

#[test]
fn a_product_with_zeros() {
    for values in [[0.0, 2.0, 3.0], [0.0, 0.0, 3.0]] {
        let x = Tensor::from_vec([3], values.to_vec());
        let gradient = grad(&x, |x| x.prod_all()).unwrap().to_vec::<f64>().unwrap();
        let expected: Vec<f64> =
            (0..3).map(|i| (0..3).filter(|&j| j != i).map(|j| values[j]).product()).collect();
        assert_eq!(gradient, expected);
    }
}

#[test]
fn equal_extrema_share() {
    let x = Tensor::from_vec([4], vec![1.0, 3.0, 3.0, 2.0]);
    assert_eq!(grad(&x, |x| x.max_all()).unwrap().to_vec::<f64>().unwrap(), [0.0, 0.5, 0.5, 0.0]);
    let y = Tensor::from_vec([2], vec![2.0, 2.0]);
    assert_eq!(grad(&y, |y| y.maximum(2.0).sum_all()).unwrap().to_vec::<f64>().unwrap(), [0.5, 0.5]);
}

#[test]
fn logsumexp_of_nothing_but_minus_infinity() {
    let x = Tensor::full([3], f64::NEG_INFINITY, F64);
    let y = x.logsumexp([0]);
    assert_eq!(y.item::<f64>().unwrap(), f64::NEG_INFINITY);
    let gradient = grad(&x, |x| x.logsumexp([0])).unwrap();
    assert_eq!(gradient.to_vec::<f64>().unwrap(), [0.0; 3]);
}

#[test]
fn products() {
    let w = Tensor::from_vec([3, 2], SIX.to_vec());
    check(&[2, 3], &SIX, |x| x.matmul(&w));
    check(&[2, 3], &SIX, |x| w.matmul(x));
    check(&[3], &SIX[..3], |x| x.matmul(&w));
    check(&[2, 2, 3], &TWELVE, |x| x.matmul(&w));
    check(&[2, 2, 3], &TWELVE, |x| x.matmul(&x.transpose([0, 2, 1])));
    // Several contracting axes, in another order on the right, and batch axes that are not the first.
    let y = Tensor::from_vec([3, 2, 2, 2], (0..24).map(|i| 0.1 + f64::from(i) * 0.07).collect());
    check(&[2, 2, 3], &TWELVE, |x| x.dot_general(&y, (&[2, 0], &[0, 3]), (&[1], &[2])));
    check(&[3, 2, 2, 1], &TWELVE, |x| {
        other().reshape([2, 3, 1]).dot_general(x, (&[1, 2], &[0, 3]), (&[0], &[1]))
    });
}

#[test]
fn convolutions() {
    let plain = Convolution::new;
    let images = Tensor::from_vec([2, 3, 2, 1], TWELVE.to_vec());
    let kernel = Tensor::from_vec([2, 2, 1, 3], TWELVE.to_vec());
    let ways = [
        plain(),
        plain().padding(Padding::Same).window_strides([2, 1]),
        plain().padding([(2, -1), (1, 3)]).lhs_dilation([2, 3]),
        plain().padding([(2, 3), (3, 2)]).rhs_dilation([3, 2]).window_strides([2, 3]),
    ];
    for way in &ways {
        check(&[2, 3, 2, 1], &TWELVE, |x| x.conv_general_dilated(&kernel, way));
        check(&[2, 2, 1, 3], &TWELVE, |x| images.conv_general_dilated(x, way));
    }
    let (two, shared) = (plain().feature_group_count(2), plain().feature_group_count(3));
    let signals = Tensor::from_vec([1, 3, 4], TWELVE.to_vec());
    check(&[3, 2, 2], &TWELVE, |x| signals.conv_general_dilated(x, &two));
    check(&[2, 2, 3], &TWELVE, |x| x.conv_general_dilated(&(x.index(0).reshape([2, 1, 3]) + 0.5), &shared));
}

#[test]
fn a_convolution_differentiates_again() {
    let kernel = Tensor::from_vec([2, 2, 1, 3], TWELVE.to_vec());
    let way = Convolution::new().padding(Padding::Same).window_strides([2, 1]);
    check(&[2, 3, 2, 1], &TWELVE, |x| {
        let both = (x.clone(), kernel.clone());
        let (x, w) = grad(&both, |(x, w)| x.conv_general_dilated(w, &way).square().sum_all()).unwrap();
        x.sum([1, 2, 3]).sum_all() + w.square().sum([0])
    });
}

#[test]
fn einsums() {
    let w = Tensor::from_vec([3, 2], SIX.to_vec());
    check(&[2, 3], &SIX, |x| Tensor::einsum("ij,jk->ki", &[x, &w]));
    check(&[2, 3], &SIX, |x| Tensor::einsum("ij,jk,lk,l->i", &[x, &w, &w, &other().index(0)]));
    check(&[2, 3], &SIX, |x| Tensor::einsum("ij,kj->ikj", &[x, &other()]));
    check(&[2, 3, 2], &TWELVE, |x| Tensor::einsum("i...i,j->...j", &[x, &other().index(1)]));
}

#[test]
fn higher_orders() {
    let x = Tensor::scalar(0.7f64);
    let third = grad(&x, |x| grad(x, |x| grad(x, |x| x.sin() * x.exp()))).unwrap().item::<f64>().unwrap();
    // (sin x · e^x)''' = 2 e^x (cos x - sin x)
    let expected = 2.0 * 0.7f64.exp() * (0.7f64.cos() - 0.7f64.sin());
    assert!((third - expected).abs() < 1e-12, "{third} but {expected}");
}

#[test]
fn an_outer_variable_is_a_constant_of_the_inner_gradient() {
    let x = Tensor::scalar(2.0f64);
    // d/dx [x · d/dy (x·y) at y = 3] = 2x
    let result = grad(&x, |x| {
        let inner = grad(&Tensor::scalar(3.0f64), |y| x * y)?;
        Ok(x * inner)
    });
    assert_eq!(result.unwrap().item::<f64>().unwrap(), 4.0);
}

#[test]
fn stopped_and_unused() {
    let x = (Tensor::scalar(2.0f64), Tensor::scalar(5.0f64), Tensor::from_vec([2], vec![1, 2]));
    let (a, b, c) = grad(&x, |(a, _, _)| a.stop_gradient() * a).unwrap();
    assert_eq!(a.item::<f64>().unwrap(), 2.0);
    assert_eq!(b.item::<f64>().unwrap(), 0.0);
    assert_eq!(c.to_vec::<i32>().unwrap(), [0, 0]);
}

#[test]
fn integers_have_no_gradient() {
    let (x, n) = (Tensor::scalar(3.0f64), Tensor::scalar(2i32));
    let (dx, dn) = grad(&(x, n), |(x, n)| x * n.convert(F64)).unwrap();
    assert_eq!((dx.item::<f64>().unwrap(), dn.item::<i32>().unwrap()), (2.0, 0));
}

#[test]
fn reading_a_value_inside_keeps_the_gradient() {
    let x = Tensor::scalar(3.0f64);
    let gradient = grad(&x, |x| {
        let square = x.square();
        if square.item::<f64>()? > 5.0 { Ok(square * 2.0) } else { Ok(square) }
    });
    assert_eq!(gradient.unwrap().item::<f64>().unwrap(), 12.0);
}

#[test]
fn a_loss_must_be_one_float() {
    let x = Tensor::from_vec([2], vec![1.0f64, 2.0]);
    let message = grad(&x, |x| x * 2.0).unwrap_err().to_string();
    assert!(message.contains("f64[2]"), "{message}");
    assert!(message.contains("gradients/mod.rs"), "{message}");
    assert!(grad(&x, |x| x.sum_all().convert(I32)).is_err());
    let poisoned = grad(&x, |x| x.matmul(&Tensor::zeros([3, 3], F64)).sum_all());
    assert!(poisoned.is_err());
}
