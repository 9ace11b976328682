//! Initializers whose variance depends on the number of inputs or outputs.

use std::fmt;

use metamlp_tensor::random::{self, Key};
use metamlp_tensor::{DType, Error, Tensor};

use super::{Initializer, float};
use crate::argument::{invalid, or_poison};

/// The fan by which the variance is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The number of inputs of an output.
    FanIn,
    /// The number of outputs of an input.
    FanOut,
    /// The mean of both.
    FanAvg,
    /// The geometric mean of both.
    FanGeoAvg,
}

/// The distribution of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Distribution {
    /// Normal, truncated at two standard deviations and rescaled to the requested variance.
    TruncatedNormal,
    /// Normal.
    Normal,
    /// Uniform, symmetric around 0.
    Uniform,
}

/// Variance `scale / n`, where `n` is the fan that `mode` selects, of the last two axes;
/// [`VarianceScaling`] takes others.
#[must_use]
pub fn variance_scaling(scale: f64, mode: Mode, distribution: Distribution) -> Initializer {
    VarianceScaling::new(scale, mode, distribution).into()
}

/// An initializer with variance `scale / n`, where the fan `n` is the product of the extents of the
/// input (or output) axes and of the axes that are neither, such as a convolution's window.
///
/// JAX's `variance_scaling`. [`lecun_normal`](super::lecun_normal), [`he_normal`](super::he_normal) and
/// [`glorot_normal`](super::glorot_normal) are special cases.
///
/// Poisoned for an axis out of range, fewer than two axes unless `in_axis` is given, an extent of 0, a
/// scale that is negative or not finite, and a dtype that is not a float.
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
    /// True if `in_axis` was given; vectors then have fans.
    given: bool,
}

impl VarianceScaling {
    /// Inputs on the second last axis, outputs on the last.
    pub fn new(scale: f64, mode: Mode, distribution: Distribution) -> Self {
        let (in_axis, out_axis, batch_axis) = (vec![-2], vec![-1], Vec::new());
        Self { scale, mode, distribution, in_axis, out_axis, batch_axis, given: false }
    }

    /// The input axes; a negative axis counts from the end.
    pub fn in_axis(mut self, axes: impl AsRef<[isize]>) -> Self {
        self.in_axis = axes.as_ref().to_vec();
        self.given = true;
        self
    }

    /// The output axes.
    pub fn out_axis(mut self, axes: impl AsRef<[isize]>) -> Self {
        self.out_axis = axes.as_ref().to_vec();
        self
    }

    /// The batch axes, which index independent weights and count for neither fan.
    pub fn batch_axis(mut self, axes: impl AsRef<[isize]>) -> Self {
        self.batch_axis = axes.as_ref().to_vec();
        self
    }

    /// Sets the name for printing and for errors.
    pub(super) fn named(self, name: &'static str) -> Initializer {
        Initializer::built_in(name, move |key, shape, dtype| self.initialize(name, &key, shape, dtype))
    }

    fn initialize(&self, name: &'static str, key: &Key, shape: &[usize], dtype: DType) -> Tensor {
        let variance = float(name, dtype).and_then(|()| self.variance(name, shape));
        or_poison(variance.map(|variance| self.draw(key, shape, dtype, variance)), shape, dtype)
    }

    fn draw(&self, key: &Key, shape: &[usize], dtype: DType, variance: f64) -> Tensor {
        /// The standard deviation of a unit normal truncated at -2 and 2.
        const TRUNCATED_STDDEV: f64 = 0.879_625_661_034_239_8;
        // Each operation is rounded to the dtype, as in JAX.
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
        // Axes that are neither, the window of a convolution for instance.
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

/// The product of the extents of `axes`.
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
        Initializer::built_in(format!("{scaling:?}"), move |key, shape, dtype| {
            scaling.initialize("variance_scaling", &key, shape, dtype)
        })
    }
}

/// The options; axes only if they are not the defaults.
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
