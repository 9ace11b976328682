//! The axis of a cost matrix that an operator sums over.

/// The axis that an operator sums over (OTT's `axis`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Over {
    /// The `n` rows, OTT's axis 0: `[.., n]` to `[.., m]`.
    Rows,
    /// The `m` columns, OTT's axis 1: `[.., m]` to `[.., n]`.
    Columns,
}

impl Over {
    /// The axis of a cost matrix that is summed over.
    pub(crate) fn axis(self) -> usize {
        match self {
            Self::Rows => 0,
            Self::Columns => 1,
        }
    }
}
