//! Initial values whose variance depends on how many inputs or outputs there are.

use std::fmt;

use metamlp_tensor::random::{self, Key};
use metamlp_tensor::{DType, Error, Tensor};

use super::{Initializer, float};
use crate::argument::{invalid, or_poison};

/// What the variance is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The number of inputs to an output.
    FanIn,
    /// The number of outputs from an input.
    FanOut,
    /// The mean of both.
    FanAvg,
    /// The geometric mean of both.
    FanGeoAvg,
}

/// What is drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Distribution {
    /// A normal cut off at two standard deviations and widened to the variance asked for.
    TruncatedNormal,
    /// A normal.
    Normal,
    /// Uniform and symmetric about 0.
    Uniform,
}

/// Variance `scale / n`, where `n` is the fan that `mode` says, of the last two
/// axes; [`VarianceScaling`] takes others.
#[must_use]
pub fn variance_scaling(scale: f64, mode: Mode, distribution: Distribution) -> Initializer {
    VarianceScaling::new(scale, mode, distribution).into()
}

/// An initializer of variance `scale / n`, `n` being a fan: the product of the
/// extents of the input (or output) axes and of those that are neither.
///
/// Flax's `variance_scaling`. The presets [`lecun_normal`](super::lecun_normal),
/// [`he_normal`](super::he_normal) and [`glorot_normal`](super::glorot_normal) are of this kind.
///
/// Poisoned: an axis out of range, fewer than two axes unless `in_axis` is
/// given, an extent of 0, a scale that is negative or not finite, a dtype that
/// is not a float.
///
/// ```
/// use metamlp::initializers::{Distribution, Mode, VarianceScaling};
/// use metamlp::{F32, Initializer, Key};
/// // An embedding's fan-in is its features: the numbers it is given are the output axis.
/// let embedding = VarianceScaling::new(1.0, Mode::FanIn, Distribution::Normal).out_axis([0]);
/// let table = Initializer::from(embedding).initialize(Key::new(42), &[3, 2], F32);
/// assert_eq!(table.to_vec::<f32>()?[0].to_bits(), 0xbca3f535);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[derive(Clone, PartialEq)]
#[must_use]
pub struct VarianceScaling {
    scale: f64,
    mode: Mode,
    distribution: Distribution,
    in_axis: Vec<isize>,
    out_axis: Vec<isize>,
    batch_axis: Vec<isize>,
    /// Whether `in_axis` was given, so that vectors have fans.
    given: bool,
}

impl VarianceScaling {
    /// Inputs on the last axis but one, outputs on the last.
    pub fn new(scale: f64, mode: Mode, distribution: Distribution) -> Self {
        let (in_axis, out_axis, batch_axis) = (vec![-2], vec![-1], Vec::new());
        Self { scale, mode, distribution, in_axis, out_axis, batch_axis, given: false }
    }

    /// The axes of the inputs; negative ones count from the end.
    pub fn in_axis(mut self, axes: impl AsRef<[isize]>) -> Self {
        self.in_axis = axes.as_ref().to_vec();
        self.given = true;
        self
    }

    /// The axes of the outputs.
    pub fn out_axis(mut self, axes: impl AsRef<[isize]>) -> Self {
        self.out_axis = axes.as_ref().to_vec();
        self
    }

    /// Axes that tell independent weights apart and count for neither fan.
    pub fn batch_axis(mut self, axes: impl AsRef<[isize]>) -> Self {
        self.batch_axis = axes.as_ref().to_vec();
        self
    }

    /// An initializer that prints, and is called in errors, by that name.
    pub(super) fn named(self, name: &'static str) -> Initializer {
        Initializer::with_name(name, move |key, shape, dtype| self.initialize(name, &key, shape, dtype))
    }

    fn initialize(&self, name: &'static str, key: &Key, shape: &[usize], dtype: DType) -> Tensor {
        let variance = float(name, dtype).and_then(|()| self.variance(name, shape));
        or_poison(variance.map(|variance| self.draw(key, shape, dtype, variance)), shape, dtype)
    }

    fn draw(&self, key: &Key, shape: &[usize], dtype: DType, variance: f64) -> Tensor {
        /// The standard deviation of a unit normal cut off at -2 and 2.
        const TRUNCATED_STDDEV: f64 = 0.879_625_661_034_239_8;
        // Each step is rounded, as JAX computes in the dtype.
        let round = |value: f64| dtype.round(value);
        let variance = round(variance);
        match self.distribution {
            Distribution::TruncatedNormal => {
                let stddev = round(round(variance.sqrt()) / round(TRUNCATED_STDDEV));
                random::truncated_normal(key, shape, dtype, -2.0, 2.0) * stddev
            }
            Distribution::Normal => random::normal_dtype(key, shape, dtype) * round(variance.sqrt()),
            Distribution::Uniform => {
                let half_width = round(round(3.0 * variance).sqrt());
                random::uniform_range(key, shape, dtype, -1.0, 1.0) * half_width
            }
        }
    }

    fn variance(&self, name: &'static str, shape: &[usize]) -> Result<f64, Error> {
        if !(self.scale >= 0.0 && self.scale.is_finite()) {
            return Err(invalid(name, "scale", self.scale, "a finite number, not negative"));
        }
        if shape.len() < 2 && !self.given {
            let expected = "at least two axes, inputs and outputs, or an in_axis";
            return Err(invalid(name, "shape", format!("{shape:?}"), expected));
        }
        if shape.contains(&0) {
            return Err(invalid(name, "shape", format!("{shape:?}"), "no extent of 0"));
        }
        let size = |argument, axes| product(name, argument, shape, axes);
        let (inputs, outputs) = (size("in_axis", &self.in_axis)?, size("out_axis", &self.out_axis)?);
        let batch = size("batch_axis", &self.batch_axis)?;
        // What is neither, such as the window of a convolution.
        let all: f64 = shape.iter().map(|&extent| extent as f64).product();
        let receptive_field = all / inputs / outputs / batch;
        let (fan_in, fan_out) = (inputs * receptive_field, outputs * receptive_field);
        let fan = match self.mode {
            Mode::FanIn => fan_in,
            Mode::FanOut => fan_out,
            Mode::FanAvg => (fan_in + fan_out) / 2.0,
            Mode::FanGeoAvg => (fan_in * fan_out).sqrt(),
        };
        Ok(self.scale / fan)
    }
}

/// The product of the extents along `axes`.
fn product(
    name: &'static str,
    argument: &'static str,
    shape: &[usize],
    axes: &[isize],
) -> Result<f64, Error> {
    let rank = shape.len().cast_signed();
    axes.iter().try_fold(1.0, |product, &axis| {
        let from_start = if axis < 0 { axis + rank } else { axis };
        match usize::try_from(from_start).ok().and_then(|axis| shape.get(axis)) {
            Some(&extent) => Ok(product * extent as f64),
            None => Err(invalid(name, argument, axis, format!("an axis of {shape:?}"))),
        }
    })
}

impl From<VarianceScaling> for Initializer {
    fn from(scaling: VarianceScaling) -> Self {
        Initializer::with_name(format!("{scaling:?}"), move |key, shape, dtype| {
            scaling.initialize("variance_scaling", &key, shape, dtype)
        })
    }
}

/// The options, without the axes if they are the usual ones.
impl fmt::Debug for VarianceScaling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scale, mode, distribution, .. } = self;
        write!(f, "variance_scaling({scale}, {mode:?}, {distribution:?}")?;
        if *self != Self::new(*scale, *mode, *distribution) {
            write!(f, ", {:?}, {:?}, {:?}", self.in_axis, self.out_axis, self.batch_axis)?;
        }
        f.write_str(")")
    }
}
