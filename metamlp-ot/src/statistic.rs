//! The statistics of a cost that an epsilon can be relative to.

use std::fmt;

/// A statistic of the cost that an [`Epsilon`](crate::Epsilon) can be relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Statistic {
    /// The mean of all costs.
    Mean,
    /// The standard deviation of all costs (of the population).
    Std,
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mean => "mean",
            Self::Std => "standard deviation",
        })
    }
}
