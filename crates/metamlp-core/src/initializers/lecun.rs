//! LeCun, Bottou, Orr and Müller, "Efficient BackProp" (1998).

use std::sync::LazyLock;

use metamlp_tensor::random;

use crate::initializer::Initializer;

/// The standard deviation of a unit normal cut off at -2 and 2.
const TRUNCATED_STDDEV: f64 = 0.879_625_661_034_239_8;

/// A normal cut off at two standard deviations, of variance 1 / fan-in: the default of kernels.
#[must_use]
pub fn lecun_normal() -> Initializer {
    static LECUN: LazyLock<Initializer> = LazyLock::new(|| {
        Initializer::with_name("lecun_normal", |key, shape, dtype| {
            let (fan_in, receptive) = match shape {
                [receptive @ .., fan_in, _] => (*fan_in, receptive.iter().product::<usize>()),
                _ => (1, 1),
            };
            let variance = (1.0 / (fan_in * receptive) as f64) as f32;
            let stddev = variance.sqrt() / TRUNCATED_STDDEV as f32;
            random::truncated_normal(key, shape, dtype, -2.0, 2.0) * f64::from(stddev)
        })
    });
    LECUN.clone()
}
