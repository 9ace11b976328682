//! How many elements a convolution or a pooling window finds around an axis.

/// Padding of the axes that a window moves along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Padding {
    /// None: every window lies inside.
    #[default]
    Valid,
    /// As much as gives `⌈extent / stride⌉` windows; an odd element goes behind.
    Same,
    /// (before, after) of each axis; negative amounts cut elements off.
    Explicit(Vec<(isize, isize)>),
}

impl Padding {
    /// (before, after) of each axis; `reaches` are the extents of the dilated window.
    pub(crate) fn amounts(
        &self,
        extents: &[usize],
        reaches: &[usize],
        strides: &[usize],
    ) -> Vec<(isize, isize)> {
        match self {
            Self::Valid => vec![(0, 0); extents.len()],
            Self::Explicit(amounts) => amounts.clone(),
            Self::Same => extents
                .iter()
                .zip(reaches)
                .zip(strides)
                .map(|((&extent, &reach), &stride)| {
                    let places = extent.div_ceil(stride.max(1));
                    let covered = places.saturating_mul(stride).saturating_add(reach).saturating_sub(stride);
                    let total = covered.saturating_sub(extent).cast_signed();
                    (total / 2, total - total / 2)
                })
                .collect(),
        }
    }
}

impl From<Vec<(isize, isize)>> for Padding {
    fn from(amounts: Vec<(isize, isize)>) -> Self {
        Self::Explicit(amounts)
    }
}

impl<const N: usize> From<[(isize, isize); N]> for Padding {
    fn from(amounts: [(isize, isize); N]) -> Self {
        Self::Explicit(amounts.to_vec())
    }
}
