//! The work of the compiler grows in proportion to the length of a program: twice the program is at most a little more
//! than twice the work.

use metamlp_tensor::{F32, Result, Tensor, jit, statistics, value_and_grad};

/// Checks that a program of twice the length takes at most 2.2 times the work to compile.
fn is_linear(lengths: [usize; 3], compile: impl Fn(usize) -> Result<()>) {
    let work = lengths.map(|length| {
        let before = statistics::compile_work();
        compile(length).unwrap();
        (statistics::compile_work() - before) as f64 / length as f64
    });
    assert!(work[0] > 0.0, "the compiler counts its work");
    for (shorter, longer) in work.iter().zip(&work[1..]) {
        assert!(longer < &(1.1 * shorter), "work for each step at lengths {lengths:?}: {work:?}");
    }
}

#[test]
fn of_a_chain_of_products() {
    is_linear([200, 400, 800], |length| {
        let w = Tensor::full([4, 4], 0.5, F32);
        let chain = jit(move |x: Tensor| Ok((0..length).fold(x, |x, _| x.matmul(&w).tanh())));
        chain(Tensor::ones([4, 4], F32)).map(|_| ())
    });
}

#[test]
fn of_a_chain_of_softmaxes() {
    let softmax = |x: &Tensor| {
        let x = (x - x.max_keepdims([-1])).exp();
        &x / x.sum_keepdims([-1])
    };
    is_linear([50, 100, 200], |length| {
        let chain = jit(move |x: Tensor| Ok((0..length).fold(x, |x, _| softmax(&x))));
        chain(Tensor::ones([64, 64], F32)).map(|_| ())
    });
}

/// Its gradient sums the products of all steps in one kernel, which reads as many buffers as there are steps.
#[test]
fn of_the_gradient_of_a_recurrence() {
    is_linear([50, 100, 200], |length| {
        let loss = move |w: &Tensor| -> Result<Tensor> {
            let start = Tensor::ones([2, 4], F32);
            let step = |h: Tensor| (h.matmul(w) + 0.1).tanh() * h.matmul(w).logistic();
            Ok((0..length).fold(start, |h, _| step(h)).square().sum_all())
        };
        let gradient = jit(move |w: Tensor| value_and_grad(&w, loss));
        gradient(Tensor::full([4, 4], 0.5, F32)).map(|_| ())
    });
}

#[test]
fn of_a_sum_of_many_arguments() {
    is_linear([100, 200, 400], |length| {
        let parts: Vec<Tensor> = (0..length).map(|part| Tensor::full([8], part as f64, F32)).collect();
        let sum = jit(|parts: Vec<Tensor>| Ok(parts.iter().skip(1).fold(parts[0].tanh(), |sum, x| sum + x)));
        sum(parts).map(|_| ())
    });
}
