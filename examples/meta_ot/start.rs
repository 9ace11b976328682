//! The three compared initializers, their names and their order.

/// The potentials before the first Sinkhorn iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Start {
    /// Zeros.
    Zeros,
    /// The potentials between two Gaussians with the digits' means and covariances.
    Gaussian,
    /// The network's prediction.
    Meta,
}

impl Start {
    /// All three in the order of tables and pictures.
    pub(crate) const ALL: [Self; 3] = [Self::Zeros, Self::Gaussian, Self::Meta];

    /// The name in tables and pictures.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Zeros => "zeros",
            Self::Gaussian => "Gaussian",
            Self::Meta => "meta",
        }
    }
}
