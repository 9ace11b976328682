//! At full size, `init` needs no more operations and memory than its random
//! numbers. (`benches/init.rs` measures the time.)

use std::fs;

use metamlp::prelude::*;
use metamlp::tensor::statistics;

#[compact]
fn stack(x: &Tensor, #[field] layers: usize, #[field] features: usize) -> Tensor {
    (0..layers).fold(x.clone(), |x, _| Dense::new(features).call(&x).tanh())
}

const FEATURES: usize = 1024;
const LAYERS: usize = 100;

/// One activation of this stack is 256 MiB and its forward pass 14 Tflop; its
/// parameters are 400 MiB.
#[test]
fn a_deep_and_wide_stack_is_its_random_numbers() -> Result<(), metamlp::Error> {
    let before = statistics::executed_nodes();
    let x = Tensor::spec([65_536, FEATURES], F32);
    let variables = stack(LAYERS, FEATURES).init(Key::new(0), |m| m.call(&x))?;
    let by_init = statistics::executed_nodes() - before;
    assert_eq!(variables.params().len(), LAYERS);
    let bytes = LAYERS * (FEATURES + 1) * FEATURES * size_of::<f32>();
    if let Some(peak) = peak_memory() {
        assert!(peak < bytes * 2, "init of {bytes} bytes of parameters held {peak} bytes");
    }
    drop(variables);

    let before = statistics::executed_nodes();
    let kernel = |key| initializers::lecun_normal().initialize(key, &[FEATURES, FEATURES], F32);
    let kernels: Vec<Tensor> = Key::new(1).split(LAYERS).into_iter().map(kernel).collect();
    let bias = initializers::zeros().initialize(Key::new(2), &[FEATURES], F32);
    evaluate((kernels, bias))?;
    assert_eq!(by_init, statistics::executed_nodes() - before);
    Ok(())
}

/// The peak memory of this process in bytes, on platforms that report it.
fn peak_memory() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<usize>().ok().map(|kibibytes| kibibytes * 1024)
}
