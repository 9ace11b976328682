//! The peak memory of long loops: what the library keeps between programs is bounded.
//!
//! ```sh
//! cargo bench --bench memory_over_time              # all of them, each in a process of its own
//! cargo bench --bench memory_over_time -- averages  # one
//! ```
//!
//! The bounds are those of `metamlp::tensor::Limits`.

use std::error::Error;
use std::io::{self, Write};
use std::process::Command;

use metamlp::prelude::*;
use metamlp::tensor::Limits;

type Outcome = Result<(), Box<dyn Error>>;

/// A loop, and how often it runs.
struct Case {
    name: &'static str,
    title: &'static str,
    times: usize,
    run: fn(usize) -> Outcome,
}

const CASES: &[Case] = &[
    Case { name: "calls", title: "calls of one function under jit", times: 1_000_000, run: calls },
    Case { name: "statics", title: "static values of one function under jit", times: 100_000, run: statics },
    Case { name: "plans", title: "programs of 1,000 operations without jit", times: 10_000, run: plans },
    Case {
        name: "averages",
        title: "running averages that nobody reads, 10,000 steps",
        times: 1_000,
        run: averages,
    },
    Case { name: "lengths", title: "lengths in each of three dtypes", times: 200, run: lengths },
];

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` runs this, too: once, to see that it works.
    let is_measured = arguments.iter().any(|argument| argument == "--bench");
    if let Some(name) = arguments.iter().find_map(|argument| argument.strip_prefix("--run=")) {
        let case = CASES.iter().find(|case| case.name == name).ok_or("no such case")?;
        (case.run)(if is_measured { case.times } else { 3 })?;
        writeln!(io::stdout(), "{}", peak()?)?;
        return Ok(());
    }
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    for case in CASES.iter().filter(|case| wanted.is_empty() || wanted.iter().any(|name| *name == case.name))
    {
        let mut child = Command::new(std::env::current_exe()?);
        child.arg(format!("--run={}", case.name));
        if is_measured {
            child.arg("--bench");
        }
        let output = child.output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        let peak = String::from_utf8(output.stdout)?;
        let (times, title) = (if is_measured { case.times } else { 3 }, case.title);
        writeln!(io::stdout(), "{times:>9} {title:50} peak {:>6} MiB", peak.trim())?;
    }
    Ok(())
}

/// The most memory that the process has held so far, in MiB.
fn peak() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("VmHWM is missing")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib >> 10)
}

fn calls(times: usize) -> Outcome {
    let f = jit(|x: Tensor| Ok(&x * 0.5 + 1.0));
    let mut x = Tensor::ones([8], F32);
    for _ in 0..times {
        x = f(x)?;
    }
    Ok(())
}

fn statics(times: usize) -> Outcome {
    let f = jit(|x: Tensor, step: usize| Ok(x * step as f64));
    for step in 0..times {
        f(Tensor::scalar(1f32), step)?;
    }
    Ok(())
}

fn plans(times: usize) -> Outcome {
    for number in 0..times {
        // Another literal is another program.
        let x = Tensor::ones([4], F32);
        (0..500).fold(x, |x, i| (x * f64::from(i)).tanh() + number as f64).evaluate()?;
    }
    Ok(())
}

fn averages(times: usize) -> Outcome {
    let mut averages = vec![Tensor::zeros([3], F32); times];
    for step in 0..10_000 {
        for average in &mut averages {
            *average = &*average * 0.9 + f64::from(step % 7) * 0.1;
        }
    }
    Ok(())
}

fn lengths(times: usize) -> Outcome {
    for dtype in [F32, F64, I32] {
        for number in 0..times {
            Tensor::ones([1_000_000 + 1000 * number], dtype).evaluate()?;
        }
    }
    assert!(Limits::current().pooled_bytes <= 1 << 30);
    Ok(())
}
