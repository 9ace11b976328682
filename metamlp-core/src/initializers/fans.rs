//! The named choices of variance: LeCun, He (Kaiming), Glorot (Xavier). Inputs are on the second last
//! axis, outputs on the last; [`VarianceScaling`] takes other axes.

use std::sync::LazyLock;

use super::variance_scaling::{Distribution, Mode, VarianceScaling};
use crate::initializers::initializer::Initializer;

macro_rules! presets {
    ($($(#[$doc:meta])+ $name:ident => $scale:literal, $mode:ident, $distribution:ident;)*) => {$(
        $(#[$doc])+
        #[must_use]
        pub fn $name() -> Initializer {
            static SHARED: LazyLock<Initializer> = LazyLock::new(|| {
                VarianceScaling::new($scale, Mode::$mode, Distribution::$distribution).named(stringify!($name))
            });
            SHARED.clone()
        }
    )*};
}

presets! {
    /// Truncated normal with variance `1 / inputs`: the default of kernels.
    ///
    /// LeCun, Bottou, Orr and Müller, "Efficient BackProp" (1998).
    ///
    /// ```
    /// use metamlp::{F32, Key, initializers::lecun_normal};
    /// let kernel = lecun_normal().initialize(Key::new(42), &[2, 3], F32);
    /// assert_eq!(kernel.to_vec::<f32>()?[0], -0.021717817);
    /// # Ok::<(), metamlp::Error>(())
    /// ```
    lecun_normal => 1.0, FanIn, TruncatedNormal;
    /// Uniform with variance `1 / inputs`.
    lecun_uniform => 1.0, FanIn, Uniform;
    /// Truncated normal with variance `2 / inputs`: keeps the variance through layers with
    /// [`relu`](crate::activations::relu).
    ///
    /// He, Zhang, Ren and Sun, "Delving deep into rectifiers" (2015).
    he_normal => 2.0, FanIn, TruncatedNormal;
    /// Uniform with variance `2 / inputs`.
    he_uniform => 2.0, FanIn, Uniform;
    /// Truncated normal with variance `2 / (inputs + outputs)`.
    ///
    /// Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010).
    glorot_normal => 1.0, FanAvg, TruncatedNormal;
    /// Uniform with variance `2 / (inputs + outputs)`.
    glorot_uniform => 1.0, FanAvg, Uniform;
    /// [`he_normal`] under its other name.
    kaiming_normal => 2.0, FanIn, TruncatedNormal;
    /// [`he_uniform`] under its other name.
    kaiming_uniform => 2.0, FanIn, Uniform;
    /// [`glorot_normal`] under its other name.
    xavier_normal => 1.0, FanAvg, TruncatedNormal;
    /// [`glorot_uniform`] under its other name.
    xavier_uniform => 1.0, FanAvg, Uniform;
}
