//! The start indices of dynamic slices and dynamic updates.

use crate::memory::buffer::Buffer;
use crate::shape::Axes;

/// The first index along each axis of a slice with extents `sizes` in an array with the given `extents`. Negative
/// starts count from the end; then starts are clamped so that the slice lies inside.
pub(crate) fn clamped(starts: &Buffer, extents: &[usize], sizes: &[usize]) -> Axes {
    let starts = starts.as_slice::<i32>().expect("shape inference has checked that starts are i32");
    let clamp = |((&start, &extent), &size): ((&i32, &usize), &usize)| {
        let (start, extent) = (i64::from(start), extent as i64);
        let from_front = if start < 0 { start + extent } else { start };
        from_front.clamp(0, extent - size as i64) as usize
    };
    starts.iter().zip(extents).zip(sizes).map(clamp).collect()
}
