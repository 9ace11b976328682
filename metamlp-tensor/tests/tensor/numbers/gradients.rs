//! Gradients at zeros, infinities, kinks and ties, to third order. Values are those of JAX 0.10.2, or by proof where JAX
//! gives NaN.

use metamlp_tensor::{BF16, DType, F16, F32, F64, Result, Tensor, grad};

const INF: f64 = f64::INFINITY;

/// The value of `f` and its derivatives of first to third order at `x`.
fn derivatives(f: fn(&Tensor) -> Tensor, x: f64, dtype: DType) -> [f64; 4] {
    let at = Tensor::full([], x, dtype);
    let number = |y: Tensor| y.convert(F64).item::<f64>().unwrap();
    let first = |x: &Tensor| grad(x, |x| Ok(f(x)));
    let second = |x: &Tensor| grad(x, first);
    let third = grad(&at, second);
    [number(f(&at)), number(first(&at).unwrap()), number(second(&at).unwrap()), number(third.unwrap())]
}

fn check(name: &str, f: fn(&Tensor) -> Tensor, x: f64, right: [f64; 4]) {
    for dtype in [F16, BF16, F32, F64] {
        let found = derivatives(f, x, dtype);
        for (order, (found, right)) in found.iter().zip(right).enumerate() {
            let is_equal = *found == right || (found.is_nan() && right.is_nan());
            // A limit of 2^-8, the precision of bf16.
            let is_close = (found - right).abs() <= 4e-3 * right.abs();
            assert!(is_equal || is_close, "{name} of {dtype} at {x}, order {order}: {found}, right {right}");
        }
    }
}

#[test]
fn powers_at_zero_and_infinity() {
    type Case = (&'static str, fn(&Tensor) -> Tensor, [f64; 4], [f64; 4]);
    let cases: [Case; 7] = [
        ("x^0", |x| x.power(0.0), [1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]),
        ("x^1", |x| x.power(1.0), [0.0, 1.0, 0.0, 0.0], [INF, 1.0, 0.0, 0.0]),
        ("x^2", |x| x.power(2.0), [0.0, 0.0, 2.0, 0.0], [INF, INF, 2.0, 0.0]),
        ("x^3", |x| x.power(3.0), [0.0, 0.0, 0.0, 6.0], [INF, INF, INF, 6.0]),
        ("x^0.5", |x| x.power(0.5), [0.0, INF, -INF, INF], [INF, 0.0, 0.0, 0.0]),
        ("x^2.5", |x| x.power(2.5), [0.0, 0.0, 0.0, INF], [INF, INF, INF, 0.0]),
        ("x^-1", |x| x.power(-1.0), [INF, -INF, INF, -INF], [0.0, 0.0, 0.0, 0.0]),
    ];
    for (name, f, at_zero, at_infinity) in cases {
        check(name, f, 0.0, at_zero);
        check(name, f, INF, at_infinity);
    }
    // Fourth order: 2 x^0 has been differentiated twice.
    let fourth = |x: &Tensor| grad(x, |x| grad(x, |x| grad(x, |x| grad(x, |x| Ok(x.power(2.0))))));
    assert_eq!(fourth(&Tensor::scalar(0.0f32)).unwrap().item::<f32>().unwrap(), 0.0);
}

#[test]
fn integer_powers_at_zero_and_infinity() {
    type Case = (&'static str, fn(&Tensor) -> Tensor, [f64; 4], [f64; 4], [f64; 4]);
    let cases: [Case; 7] = [
        ("x^-1", |x| x.integer_pow(-1), [INF, -INF, INF, -INF], [-INF, -INF, -INF, -INF], [0.0; 4]),
        ("x^-2", |x| x.integer_pow(-2), [INF, -INF, INF, -INF], [INF, INF, INF, INF], [0.0; 4]),
        ("x^-3", |x| x.integer_pow(-3), [INF, -INF, INF, -INF], [-INF, -INF, -INF, -INF], [0.0; 4]),
        ("x^0", |x| x.integer_pow(0), [1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]),
        ("x^1", |x| x.integer_pow(1), [0.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [INF, 1.0, 0.0, 0.0]),
        ("x^2", |x| x.integer_pow(2), [0.0, 0.0, 2.0, 0.0], [0.0, 0.0, 2.0, 0.0], [INF, INF, 2.0, 0.0]),
        ("x^3", |x| x.integer_pow(3), [0.0, 0.0, 0.0, 6.0], [0.0, 0.0, 0.0, 6.0], [INF, INF, INF, 6.0]),
    ];
    for (name, f, at_zero, at_minus_zero, at_infinity) in cases {
        check(name, f, 0.0, at_zero);
        check(name, f, -0.0, at_minus_zero);
        check(name, f, INF, at_infinity);
    }
    for (name, f) in
        [("x^-2", (|x| x.integer_pow(-2)) as fn(&Tensor) -> Tensor), ("x^-3", |x| x.integer_pow(-3))]
    {
        let n = if name == "x^-2" { 2.0 } else { 3.0 };
        let at_two = [0.5_f64.powf(n), -n * 0.5_f64.powf(n + 1.0), n * (n + 1.0) * 0.5_f64.powf(n + 2.0)];
        check(name, f, 2.0, [at_two[0], at_two[1], at_two[2], -(n + 2.0) * 0.5 * at_two[2]]);
        // The power leaves the range of f32, the power of the inverse too: no NaN.
        for (x, right) in [(1e-30, [INF, -INF]), (1e30, [0.0, 0.0])] {
            let found = derivatives(f, x, F32);
            assert_eq!(found[..2], right, "{name} at {x}");
        }
    }
}

#[test]
fn kinks_and_ties() {
    let first = |f: fn(&Tensor) -> Tensor, x: f64| derivatives(f, x, F32)[1];
    assert_eq!([0.0, -0.0, -1.0, 2.0].map(|x| first(Tensor::abs, x)), [1.0, 1.0, -1.0, 1.0]);
    assert_eq!(derivatives(Tensor::abs, 0.0, F32)[2], 0.0);
    let clamped: fn(&Tensor) -> Tensor = |x| x.clamp(0, 6);
    assert_eq!([-1.0, 0.0, 3.0, 6.0, 7.0].map(|x| first(clamped, x)), [0.0, 0.5, 1.0, 0.5, 0.0]);
    assert_eq!([0.0, 1.0, 2.0].map(|x| first(|x| x.maximum(1.0), x)), [0.0, 0.5, 1.0]);
    assert_eq!([0.0, 1.0, 2.0].map(|x| first(|x| x.minimum(1.0), x)), [1.0, 0.5, 0.0]);
    let x = Tensor::from_vec([3], vec![1.0f32, 2.0, 2.0]);
    assert_eq!(grad(&x, |x| Ok(x.max_all())).unwrap().to_vec::<f32>().unwrap(), [0.0, 0.5, 0.5]);
    assert_eq!(grad(&x, |x| Ok((-x).min_all())).unwrap().to_vec::<f32>().unwrap(), [0.0, -0.5, -0.5]);
}

#[test]
fn nan_gives_nan() {
    let functions: [fn(&Tensor) -> Tensor; 6] = [
        Tensor::abs,
        Tensor::softplus,
        Tensor::log_sigmoid,
        |x| x.broadcast_to([2]).max_all(),
        |x| x.broadcast_to([2]).min_all(),
        |x| x.integer_pow(-2),
    ];
    for (index, f) in functions.into_iter().enumerate() {
        let found = derivatives(f, f64::NAN, F32);
        assert!(found[0].is_nan() && found[1].is_nan(), "function {index}: {found:?}");
    }
}

#[test]
fn softplus_is_smooth_at_zero() {
    check("softplus", Tensor::softplus, 0.0, [2.0_f64.ln(), 0.5, 0.25, 0.0]);
    check("softplus", Tensor::softplus, -0.0, [2.0_f64.ln(), 0.5, 0.25, 0.0]);
    check("log_sigmoid", Tensor::log_sigmoid, 0.0, [-2.0_f64.ln(), 0.5, -0.25, 0.0]);
    check("softplus", Tensor::softplus, INF, [INF, 1.0, 0.0, 0.0]);
    check("softplus", Tensor::softplus, -INF, [0.0, 0.0, 0.0, 0.0]);
}

/// The product of all elements but those at `left_out`.
fn others(x: &[f64], left_out: &[usize]) -> f64 {
    x.iter().enumerate().filter(|(i, _)| !left_out.contains(i)).map(|(_, x)| x).product()
}

/// Every order of up to four elements.
fn orders(x: &[f64]) -> Vec<Vec<f64>> {
    if x.len() <= 1 {
        return vec![x.to_vec()];
    }
    let mut all = Vec::new();
    for i in 0..x.len() {
        let rest: Vec<f64> = [&x[..i], &x[i + 1..]].concat();
        all.extend(orders(&rest).into_iter().map(|order| [&[x[i]], &order[..]].concat()));
    }
    all
}

#[test]
fn the_gradient_of_a_product_is_the_product_of_the_others() -> Result<()> {
    let rows: [&[f64]; 12] = [
        &[],
        &[3.0],
        &[0.0],
        &[2.0, 3.0],
        &[0.0, 3.0, 4.0],
        &[0.0, 0.0, 4.0, 5.0],
        &[0.0, 0.0, 0.0],
        &[1e30, 1e30, 1e-30],
        &[1e20, 1e20, 1e-20, 1e-20],
        &[1e-30, 1e-30, 2.0],
        &[INF, 2.0],
        &[INF, 2.0, -3.0],
    ];
    for row in rows {
        for x in orders(row) {
            let tensor = Tensor::from_vec([x.len()], x.iter().map(|&x| x as f32).collect());
            let gradient = grad(&tensor, |x| Ok(x.prod_all()))?.to_vec::<f32>()?;
            for (i, found) in gradient.into_iter().enumerate() {
                let right = others(&x, &[i]) as f32;
                assert!(found == right || (found - right).abs() <= 1e-6 * right.abs(), "{x:?}, {i}: {found}");
            }
            // The rows of the Hessian. A zero cotangent times an infinite element is NaN in them, as in JAX.
            for i in (0..x.len()).filter(|_| x.iter().all(|x| x.is_finite())) {
                let row = grad(&tensor, |x| Ok(grad(x, |x| Ok(x.prod_all()))?.index(i)))?.to_vec::<f32>()?;
                for (j, found) in row.into_iter().enumerate() {
                    let right = if i == j { 0.0 } else { others(&x, &[i, j]) as f32 };
                    assert!(
                        found == right || (found - right).abs() <= 1e-6 * right.abs(),
                        "{x:?}, {i}, {j}: {found}"
                    );
                }
            }
        }
    }
    Ok(())
}

#[test]
fn products_over_any_axes_and_lengths() -> Result<()> {
    for length in [1, 2, 3, 5, 8, 13] {
        let values: Vec<f64> = (0..2 * length * 3).map(|i| f64::from(i as i32 % 5) - 1.5).collect();
        let x = Tensor::from_vec([2, length, 3], values.clone());
        let gradient = grad(&x, |x| Ok((x.prod([1]) * 2.0).sum_all()))?.to_vec::<f64>()?;
        for (i, found) in gradient.iter().enumerate() {
            let line: Vec<usize> = (0..values.len())
                .filter(|&j| j / (3 * length) == i / (3 * length) && j % 3 == i % 3)
                .collect();
            let right: f64 = line.iter().filter(|&&j| j != i).map(|&j| values[j]).product::<f64>() * 2.0;
            assert!(
                (found - right).abs() <= 1e-12 * right.abs(),
                "length {length}, {i}: {found}, right {right}"
            );
        }
        let all = grad(&x, |x| Ok(x.prod([0, 2]).sum_all()))?.to_vec::<f64>()?;
        for (i, found) in all.iter().enumerate() {
            let of = |j: usize| j / 3 % length;
            let right: f64 =
                (0..values.len()).filter(|&j| of(j) == of(i) && j != i).map(|j| values[j]).product();
            assert!(
                (found - right).abs() <= 1e-12 * right.abs(),
                "axes 0 and 2, {i}: {found}, right {right}"
            );
        }
    }
    // Long products are a graph of a few nodes, computed at once.
    let long = Tensor::full([100_000], 1.0, F32);
    assert_eq!(grad(&long, |x| Ok(x.prod_all()))?.to_vec::<f32>()?, vec![1.0; 100_000]);
    let half = Tensor::full([2], 1e-4, F16);
    let found = grad(&half, |x| Ok(x.prod_all()))?.convert(F32).to_vec::<f32>()?[0];
    assert!((found - 1e-4).abs() < 1e-6, "{found}");
    Ok(())
}
