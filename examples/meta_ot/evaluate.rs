//! Counts iterations and seconds of Sinkhorn from each start on held-out pairs.
//! Knows thresholds and averages, not how a problem is solved.

use std::time::Instant;

use metamlp_experiment::Progress;

use crate::curve::{Curve, Trace};
use crate::digits::Measure;
use crate::error::Result;
use crate::report::Table;
use crate::start::Start;
use crate::threshold::Threshold;
use crate::transport::Transport;

/// The fewest iterations of a run; the convergence plot shows them.
const PLOTTED: usize = 60;

/// The results on the held-out pairs.
#[derive(Debug)]
pub(crate) struct Evaluation {
    /// Mean iterations to each threshold; a pair that does not reach it counts with
    /// the maximum number of iterations.
    pub(crate) iterations: Table<f64>,
    /// Mean seconds to each threshold, the computation of the start included.
    pub(crate) seconds: Table<f64>,
    /// The number of pairs that did not reach each threshold.
    pub(crate) unconverged: Table<usize>,
    /// The errors of all pairs at each iteration.
    pub(crate) curves: Vec<(Start, Curve)>,
}

impl Evaluation {
    /// Solves every pair of `digits` from every start.
    pub(crate) fn run(transport: &Transport, digits: &[Measure], pairs: &[(usize, usize)]) -> Result<Self> {
        let mut evaluation = Self {
            iterations: Table::new(),
            seconds: Table::new(),
            unconverged: Table::new(),
            curves: Vec::new(),
        };
        // Compilation on first use must not count as solution time.
        if let Some(&(a, b)) = pairs.first() {
            for start in Start::ALL {
                transport.steps(start, &digits[a], &digits[b])?.next().transpose()?;
            }
        }
        let mut progress = Progress::new("evaluating", Start::ALL.len() * pairs.len());
        let mut done = 0;
        for start in Start::ALL {
            let mut traces = Vec::new();
            for &(a, b) in pairs {
                traces.push(evaluation.solve(transport, start, &digits[a], &digits[b])?);
                done += 1;
                progress.show(done, || format!("from {}", start.name()));
            }
            evaluation.curves.push((start, Curve::of(&traces)));
        }
        for means in [&mut evaluation.iterations, &mut evaluation.seconds] {
            for sum in means.values_mut().flat_map(|row| row.values_mut()) {
                *sum /= pairs.len() as f64;
            }
        }
        Ok(evaluation)
    }

    /// Adds one run, with an error at every iteration, to the sums; returns its errors.
    fn solve(&mut self, transport: &Transport, start: Start, a: &Measure, b: &Measure) -> Result<Trace> {
        let begin = Instant::now();
        let mut trace = Trace::new();
        let mut thresholds = Threshold::ALL.into_iter().peekable();
        for step in transport.steps(start, a, b)? {
            trace.push(step?.error as f32);
            let seconds = begin.elapsed().as_secs_f64();
            while let Some(threshold) = thresholds.next_if(|next| trace.last() < Some(&next.value)) {
                self.add(start, threshold, trace.len(), seconds, true);
            }
            if thresholds.peek().is_none() && trace.len() >= PLOTTED {
                break;
            }
        }
        let seconds = begin.elapsed().as_secs_f64();
        for threshold in thresholds {
            self.add(start, threshold, trace.len(), seconds, false);
        }
        Ok(trace)
    }

    fn add(&mut self, start: Start, threshold: Threshold, iterations: usize, seconds: f64, reached: bool) {
        *entry(&mut self.iterations, start, threshold) += iterations as f64;
        *entry(&mut self.seconds, start, threshold) += seconds;
        *entry(&mut self.unconverged, start, threshold) += usize::from(!reached);
    }
}

fn entry<T: Default>(table: &mut Table<T>, start: Start, threshold: Threshold) -> &mut T {
    table.entry(start).or_default().entry(threshold.name).or_default()
}
