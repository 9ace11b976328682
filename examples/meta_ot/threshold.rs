//! The marginal errors to which runs are counted and timed.

/// An L1 error of the marginals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Threshold {
    /// The name in the report.
    pub(crate) name: &'static str,
    /// The error itself.
    pub(crate) value: f32,
}

impl Threshold {
    /// From the loosest to the tightest.
    pub(crate) const ALL: [Self; 3] = [
        Self { name: "1e-2", value: 1e-2 },
        Self { name: "1e-3", value: 1e-3 },
        Self { name: "1e-4", value: 1e-4 },
    ];
}
