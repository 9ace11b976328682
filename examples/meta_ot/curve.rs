//! Many error traces as one curve: mean and percentiles at each iteration.

/// The marginal errors of one problem after each iteration.
pub(crate) type Trace = Vec<f32>;

/// The mean and the percentiles of a set of traces.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Curve {
    /// The mean over the traces, at each iteration.
    pub(crate) mean: Vec<f32>,
    /// The tenth percentile.
    pub(crate) low: Vec<f32>,
    /// The ninetieth percentile.
    pub(crate) high: Vec<f32>,
}

impl Curve {
    /// Summarises `traces` up to the length of the shortest, so that every point
    /// covers all traces.
    pub(crate) fn of(traces: &[Trace]) -> Self {
        let iterations = traces.iter().map(Vec::len).min().unwrap_or(0);
        let mut curve = Self { mean: Vec::new(), low: Vec::new(), high: Vec::new() };
        for k in 0..iterations {
            let mut errors: Vec<f32> = traces.iter().map(|trace| trace[k]).collect();
            errors.sort_by(f32::total_cmp);
            curve.mean.push(errors.iter().sum::<f32>() / errors.len() as f32);
            curve.low.push(percentile(&errors, 0.1));
            curve.high.push(percentile(&errors, 0.9));
        }
        curve
    }
}

/// A percentile of sorted values, with linear interpolation.
fn percentile(sorted: &[f32], fraction: f32) -> f32 {
    let at = fraction * (sorted.len() - 1) as f32;
    let (below, above) = (at.floor() as usize, at.ceil() as usize);
    sorted[below] + (sorted[above] - sorted[below]) * (at - at.floor())
}
