//! Plans describe their programs, and the number of threads changes no bit.

use std::num::NonZeroUsize;

use metamlp_tensor::{Error, F32, Plan, Result, Tensor, jit, random, with_threads};

fn spec(shape: &[usize]) -> Tensor {
    Tensor::spec(shape, F32)
}

#[test]
fn a_chain_of_elementwise_operations_is_one_kernel() -> Result<()> {
    let plan = Plan::of(|x: Tensor| Ok::<_, Error>(((x * 2.0).tanh() + 1.0).exp()), &spec(&[100, 100]))?;
    assert_eq!(plan.kernels(), 1);
    assert_eq!((plan.input_bytes(), plan.output_bytes(), plan.peak_bytes()), (40_000, 40_000, 40_000));
    Ok(())
}

#[test]
fn memory_that_nobody_reads_again_is_counted_once() -> Result<()> {
    // Each product is dropped after the next one: two of the twenty are alive at once.
    let f = |x: Tensor| Ok::<_, Error>((0..20).fold(x.clone(), |y, _| y.matmul(&x)));
    let plan = Plan::of(f, &spec(&[50, 50]))?;
    assert_eq!((plan.output_bytes(), plan.peak_bytes()), (10_000, 20_000));
    Ok(())
}

#[test]
fn a_plan_prints_its_kernels_and_its_memory() -> Result<()> {
    let plan = Plan::of(|x: Tensor| Ok::<_, Error>(x.matmul(&x).sum_all()), &spec(&[8, 8]))?;
    let text = plan.to_string();
    assert_eq!(text.lines().count(), plan.kernels() + 2, "{text}");
    assert!(text.ends_with("inputs 256 B, outputs 4 B, at most 260 B at once"), "{text}");
    Ok(())
}

#[test]
fn errors_of_the_function_and_of_its_tensors_come_back() {
    let bad = Plan::of(|x: Tensor| Ok::<_, Error>(x.matmul(&x)), &spec(&[2, 3]));
    assert!(bad.is_err_and(|error| error.to_string().contains("plan.rs")));
}

#[test]
fn any_number_of_threads_gives_the_same_bits() -> Result<()> {
    let step = jit(|x: Tensor, w: Tensor| {
        let y = x.matmul(&w).tanh();
        Ok((y.sum([0]), (&y - y.max([-1]).expand_dims(-1)).exp().sum([-1])))
    });
    let x = random::normal(random::Key::new(0), [257, 300]);
    let w = random::normal(random::Key::new(1), [300, 515]);
    let results = [1, 2, 3, 5].map(|threads| {
        let threads = NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN);
        with_threads(threads, || {
            let (sums, exponentials) = step(x.clone(), w.clone())?;
            Ok([sums.to_vec::<f32>()?, exponentials.to_vec::<f32>()?])
        })
    });
    let results: Vec<[Vec<f32>; 2]> = results.into_iter().collect::<Result<_>>()?;
    assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
    Ok(())
}
