//! The pixel grid that digits live on. Knows its size alone.

/// Pixels along each side.
pub(crate) const SIDE: usize = 28;

/// Pixels in all.
pub(crate) const PIXELS: usize = SIDE * SIDE;
