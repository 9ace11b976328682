//! At full size, `init` costs what its random numbers cost, in time and memory.

use std::fs;
use std::time::Instant;

use metamlp::prelude::*;

#[compact]
fn stack(x: &Tensor, #[field] layers: usize, #[field] features: usize) -> Tensor {
    (0..layers).fold(x.clone(), |x, _| Dense::new(features).call(&x).tanh())
}

/// One activation of this stack is 256 MiB and its forward pass 14 Tflop; its
/// parameters are 400 MiB.
#[test]
fn a_deep_and_wide_stack_costs_its_random_numbers() -> Result<(), metamlp::Error> {
    const FEATURES: usize = 1024;
    const LAYERS: usize = 100;

    let start = Instant::now();
    let kernel = |key| initializers::lecun_normal().initialize(key, &[FEATURES, FEATURES], F32);
    evaluate(Key::new(1).split(LAYERS / 10).into_iter().map(kernel).collect::<Vec<_>>())?;
    let tenth = start.elapsed();

    let start = Instant::now();
    let x = Tensor::spec([65_536, FEATURES], F32);
    let variables = stack(LAYERS, FEATURES).init(Key::new(0), |m| m.call(&x))?;
    let taken = start.elapsed();

    assert_eq!(variables.params().len(), LAYERS);
    // Thrice, for whatever else the machine does; the forward pass would take hundreds of times.
    assert!(taken < tenth * 30, "init took {taken:?}, a tenth of its random numbers {tenth:?}");
    let bytes = LAYERS * (FEATURES + 1) * FEATURES * size_of::<f32>();
    if let Some(peak) = peak_memory() {
        assert!(peak < bytes * 2, "init of {bytes} bytes of parameters held {peak} bytes");
    }
    Ok(())
}

/// The most memory that this process has held so far, in bytes, where the
/// platform tells.
fn peak_memory() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<usize>().ok().map(|kibibytes| kibibytes * 1024)
}
