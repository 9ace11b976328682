//! Value, first and second derivative of every activation at special points: 0, kinks, beside kinks, large
//! numbers, infinities, NaN. `special_points.py` wrote the numbers.

use std::collections::BTreeSet;

use metamlp_core::activations::*;
use metamlp_tensor::{DType, F32, F64, Tensor, grad};

use super::Activation;

const TABLE: &str = include_str!("special_points.tsv");

const ACTIVATIONS: &[(&str, Activation)] = &[
    ("relu", relu),
    ("relu6", relu6),
    ("leaky_relu", leaky_relu),
    ("elu", elu),
    ("elu_with_alpha", |x| elu_with_alpha(x, 0.5)),
    ("celu", celu),
    ("celu_with_alpha", |x| celu_with_alpha(x, 0.5)),
    ("selu", selu),
    ("sigmoid", sigmoid),
    ("log_sigmoid", log_sigmoid),
    ("softplus", softplus),
    ("tanh", tanh),
    ("soft_sign", soft_sign),
    ("silu", silu),
    ("gelu", gelu),
    ("gelu_exact", gelu_exact),
    ("hard_sigmoid", hard_sigmoid),
    ("hard_silu", hard_silu),
    ("hard_tanh", hard_tanh),
];

struct Row<'a> {
    x: f64,
    /// `None` where there is no derivative.
    expected: [Option<f64>; 3],
    text: &'a str,
}

fn rows(name: &str) -> Vec<Row<'static>> {
    let number = |text: &str| text.parse::<f64>().unwrap();
    let of_name = TABLE.lines().skip(1).filter(|line| line.split('\t').next() == Some(name));
    of_name
        .map(|text| {
            let cells: Vec<&str> = text.split('\t').collect();
            let expected = |cell: &str| (cell != "?").then(|| number(cell));
            Row { x: number(cells[1]), expected: [2, 3, 4].map(|cell| expected(cells[cell])), text }
        })
        .collect()
}

/// The value and both derivatives at each of `points`, under one program each.
fn derivatives(f: Activation, points: &[f64], dtype: DType) -> [Vec<f64>; 3] {
    let x = Tensor::from_vec([points.len()], points.to_vec()).convert(dtype);
    let first = |x: &Tensor| grad(x, |x| f(x).sum_all());
    let second = grad(&x, |x| first(x).map(|slope| slope.sum_all())).unwrap();
    [f(&x), first(&x).unwrap(), second].map(|found| {
        assert_eq!(found.dtype(), dtype);
        found.convert(F64).to_vec().unwrap()
    })
}

#[test]
fn values_and_two_derivatives_are_right() {
    let mut wrong = Vec::new();
    // A few units in the last place, of the numbers from which a small one is the difference.
    for (dtype, tolerance) in [(F64, 1e-13), (F32, 1e-6)] {
        for (name, f) in ACTIVATIONS {
            let rows = rows(name);
            assert!(rows.len() > 20, "{name} is not in the table");
            let points: Vec<f64> = rows.iter().map(|row| row.x).collect();
            let found = derivatives(*f, &points, dtype);
            for (i, row) in rows.iter().enumerate() {
                for (order, expected) in row.expected.into_iter().enumerate() {
                    let (Some(expected), found) = (expected, found[order][i]) else { continue };
                    let is_near = (found - expected).abs() <= tolerance * (1.0 + expected.abs());
                    if !(is_near || found == expected || found.is_nan() && expected.is_nan()) {
                        wrong.push(format!("{dtype}, derivative {order}: {found} in {}", row.text));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_elementwise_activation_is_in_the_table() {
    let listed: BTreeSet<&str> = ACTIVATIONS.iter().map(|(name, _)| *name).collect();
    let in_table: BTreeSet<&str> = TABLE.lines().skip(1).filter_map(|line| line.split('\t').next()).collect();
    assert_eq!(listed, in_table);
    for (name, ..) in super::ELEMENTWISE {
        assert!(listed.contains(name), "{name}");
    }
    let (x, y) = (Tensor::from_vec([2], vec![-0.5f32, 0.5]), |x: Tensor| x.to_vec::<f32>().unwrap());
    assert_eq!((y(swish(&x)), y(hard_swish(&x))), (y(silu(&x)), y(hard_silu(&x))));
}
