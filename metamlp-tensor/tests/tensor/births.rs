//! What counts as made inside of a transformation: it follows from when a tensor was made, on whichever thread.

use std::thread;

use metamlp_tensor::{Error, F32, Tensor, evaluate, grad, jit, statistics, value_and_grad};
use rayon::prelude::*;

fn x() -> Tensor {
    Tensor::from_vec([2], vec![3.0f32, 4.0])
}

/// Reads `tensor` on another thread.
fn read_elsewhere(tensor: &Tensor) -> Vec<f32> {
    thread::scope(|threads| threads.spawn(|| tensor.to_vec::<f32>().unwrap()).join().unwrap())
}

#[test]
fn a_value_read_on_another_thread_keeps_its_gradient() {
    let (loss, gradient) = value_and_grad(&x(), |x| {
        let h = x.square();
        assert_eq!(read_elsewhere(&h), [9.0, 16.0]);
        h.sum_all()
    })
    .unwrap();
    assert_eq!((loss.item::<f32>().unwrap(), gradient.to_vec::<f32>().unwrap()), (25.0, vec![6.0, 8.0]));
}

#[test]
fn a_long_chain_on_another_thread_keeps_its_gradient() {
    let gradient = grad(&x(), |x| {
        let chain = || (0..3000).fold(x.clone(), |x, _| x + 1.0);
        thread::scope(|threads| threads.spawn(chain).join().unwrap()).sum_all()
    });
    assert_eq!(gradient.unwrap().to_vec::<f32>().unwrap(), [1.0, 1.0]);
}

#[test]
fn a_value_read_between_two_gradients_keeps_both() {
    // d/dx of x * d/dx x³ = 3x³ is 9x².
    let gradient = grad(&x(), |x| {
        let inner = grad(x, |x| {
            let cube = x.integer_pow(3);
            assert_eq!(read_elsewhere(&cube), [27.0, 64.0]);
            cube.sum_all()
        })?;
        assert_eq!(read_elsewhere(&inner), [27.0, 48.0]);
        Ok((x * inner).sum_all())
    });
    assert_eq!(gradient.unwrap().to_vec::<f32>().unwrap(), [81.0, 144.0]);
}

#[test]
fn what_jit_captures_is_computed_once() {
    let a = Tensor::ones([30, 30], F32);
    let w = a.matmul(&a);
    let captured = w.clone();
    let f = jit(move |x: Tensor| Ok(&captured + x));
    assert_eq!(f(a.clone()).unwrap().to_vec::<f32>().unwrap()[0], 31.0);
    assert!(w.is_concrete());
    let before = statistics::executed_nodes();
    f(a).unwrap();
    assert_eq!(statistics::executed_nodes(), before + 1);
}

#[test]
fn a_captured_literal_stays_a_part_of_the_program() {
    let (two, zeros) = (Tensor::scalar(2.0f32), Tensor::zeros([2], F32));
    let (captured_two, captured_zeros) = (two.clone(), zeros.clone());
    let f = jit(move |x: Tensor| Ok(x * &captured_two + &captured_zeros));
    assert_eq!(f(x()).unwrap().to_vec::<f32>().unwrap(), [6.0, 8.0]);
    assert!(!zeros.is_concrete());
}

#[test]
fn a_gradient_beside_a_long_past_is_right() {
    // Each gradient beside a chain of 2,000 operations that it reads and does not depend on.
    let past = (0..2000).fold(Tensor::scalar(1.0f32), |x, _| x + 1.0);
    let total = metamlp_tensor::deferred(|| {
        (0..500).fold(Tensor::scalar(0.0f32), |total, _| {
            total + grad(&Tensor::scalar(2.0f32), |x| (x * &past).sum_all()).unwrap()
        })
    });
    assert_eq!(total.item::<f32>().unwrap(), 500.0 * 2001.0);
}

#[test]
fn a_training_loop_that_reads_nothing_repeats_no_step() {
    let mut p = Tensor::ones([10], F32);
    let mut momentum = p.zeros_like();
    let mut nodes = Vec::new();
    for _ in 0..40 {
        let before = statistics::executed_nodes();
        let g = grad(&p, |p| p.square().mean_all()).unwrap();
        momentum = momentum * 0.9 + g;
        p = &p - &momentum * 1e-3;
        nodes.push(statistics::executed_nodes() - before);
    }
    assert_eq!(nodes[10..], [nodes[10]; 30]);
    assert!(nodes[10] < 40, "{nodes:?}");
}

#[test]
fn what_is_computed_twice_is_kept() {
    let h = x().exp();
    let uses = |k: f64| (&h * k).sum_all();
    evaluate(uses(1.0)).unwrap();
    assert!(!h.is_concrete());
    evaluate(uses(2.0)).unwrap();
    assert!(h.is_concrete());
}

#[test]
fn a_read_under_jit_names_the_readers_line_and_the_argument() {
    let line = line!() + 1;
    let f = jit(|(scale, x): (Tensor, Vec<Tensor>)| Ok(&x[1] * f64::from((&scale * 2.0).item::<f32>()?)));
    let error = f((Tensor::scalar(1.0f32), vec![x(), x()])).unwrap_err();
    assert!(matches!(error, Error::NoValue { .. }));
    let here = format!("births.rs:{line}");
    let expected = format!("argument `0/0` of the function under jit (metamlp-tensor/tests/tensor/{here})");
    let message = error.to_string();
    assert!(message.contains(&expected) && message.split(": ").next().unwrap().ends_with(&here), "{message}");
}

#[test]
fn a_stolen_task_finds_no_transformation_of_the_task_that_waits() {
    // Large enough to run on all threads: the one that started it waits and may begin another task.
    let large = Tensor::full([400, 400], 0.01, F32);
    (0..64).into_par_iter().for_each(|task| {
        let first = evaluate(Tensor::ones([2], F32).exp() + f64::from(task)).unwrap();
        assert!(first.is_concrete());
        let gradient = grad(&large, |x| {
            let h = x.matmul(x);
            h.evaluate().unwrap();
            h.sum_all()
        });
        assert!(gradient.unwrap().is_concrete());
    });
}
