//! Recording without `jit`: many small gradients beside a growing past, and a training loop that reads nothing.
//!
//! ```sh
//! cargo bench --bench recording
//! ```

use std::io::{self, Write};
use std::time::Instant;

use metamlp::prelude::*;
use metamlp::tensor::{Result, deferred};

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    // `cargo test --benches` runs this, too: a few steps of each kind.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let lengths = |lengths: [usize; 3]| if is_bench { lengths.to_vec() } else { vec![5] };
    let mut out = io::stdout().lock();
    for (name, case, lengths) in [
        ("gradients beside a past", gradients as fn(usize) -> Result<()>, lengths([400, 800, 1600])),
        ("steps that read nothing", steps, lengths([200, 400, 800])),
    ] {
        for length in lengths {
            let begin = Instant::now();
            case(length)?;
            writeln!(out, "{length:6} {name:25} {:8.1} ms", begin.elapsed().as_secs_f64() * 1e3)?;
        }
    }
    Ok(())
}

/// Records gradients of losses that read `past`, which grows and does not depend on their variable. Nothing runs.
fn gradients(number: usize) -> Result<()> {
    let w = Tensor::ones([4], F32);
    deferred(|| {
        let mut past = Tensor::spec([4], F32);
        let mut total = w.zeros_like();
        for _ in 0..number {
            past = past.tanh() * 0.5;
            total = total + grad(&w, |w| (w * &past).square().sum_all())?;
        }
        assert_eq!(total.shape(), [4]);
        Ok(())
    })
}

/// Gradient descent with momentum that evaluates nothing but its gradients.
fn steps(number: usize) -> Result<()> {
    let mut p = Tensor::ones([1000], F32);
    let mut momentum = p.zeros_like();
    for _ in 0..number {
        let g = grad(&p, |p| p.square().mean_all())?;
        momentum = momentum * 0.9 + g;
        p = &p - &momentum * 1e-3;
    }
    p.evaluate()
}
