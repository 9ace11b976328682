//! A window that moves along an axis with padding and dilation, as in XLA. Knows extents only.
//!
//! A *position* is one placement of the window, a *tap* one element of the window. The *dilated axis* has the elements of
//! the operand with `base_dilation - 1` gaps between neighbours.

/// How a window moves along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct WindowAxis {
    /// The number of taps.
    pub(crate) size: usize,
    /// The distance from one position to the next, on the dilated axis.
    pub(crate) stride: usize,
    /// Padding before the first element. If negative, elements are cut off.
    pub(crate) low: isize,
    /// Padding after the last element. If negative, elements are cut off.
    pub(crate) high: isize,
    /// The distance between neighbouring elements of the operand, with padding in the gaps.
    pub(crate) base_dilation: usize,
    /// The distance between neighbouring taps, on the dilated axis.
    pub(crate) window_dilation: usize,
}

impl WindowAxis {
    /// A window of `size` neighbours with stride 1, without padding.
    pub(crate) const fn new(size: usize) -> Self {
        Self { size, stride: 1, low: 0, high: 0, base_dilation: 1, window_dilation: 1 }
    }

    /// True if the positions are exactly the elements, each under its own window.
    pub(crate) fn is_trivial(&self) -> bool {
        *self == Self::new(1)
    }

    /// The number of positions on an axis of `extent`.
    ///
    /// # Errors
    /// The text of the problem: a size, stride or dilation of 0, or lengths beyond any memory.
    pub(crate) fn places(&self, extent: usize) -> Result<usize, String> {
        for (what, value) in [
            ("a window", self.size),
            ("a stride", self.stride),
            ("a dilation", self.base_dilation.min(self.window_dilation)),
        ] {
            if value == 0 {
                return Err(format!("{what} of 0, expected 1 or more"));
            }
        }
        let (extent, reach) = (dilated(extent, self.base_dilation), dilated(self.size, self.window_dilation));
        let sides = [self.low as i128, self.high as i128];
        if [extent, reach, sides[0], sides[1]].iter().any(|length| length.abs() > FARTHEST) {
            return Err(format!(
                "a window over {reach} elements, with padding of {} and {} around {extent} elements, \
                 larger than any memory",
                self.low, self.high
            ));
        }
        let free = extent + sides[0] + sides[1] - reach;
        if free < 0 {
            return Ok(0);
        }
        usize::try_from(free / self.stride as i128 + 1).map_err(|error| error.to_string())
    }

    /// The element of the operand under tap `tap` of the window at position `place`. `None` in padding.
    #[inline(always)]
    pub(crate) fn element(&self, place: usize, tap: usize, extent: usize) -> Option<usize> {
        let position = (place * self.stride + tap * self.window_dilation).cast_signed() - self.low;
        self.at(position, extent)
    }

    /// The element at index `position` of the dilated axis. `None` in gaps and padding.
    #[inline(always)]
    pub(crate) fn at(&self, position: isize, extent: usize) -> Option<usize> {
        let position = usize::try_from(position).ok()?;
        if self.base_dilation == 1 {
            return (position < extent).then_some(position);
        }
        let element = position / self.base_dilation;
        (element < extent && position.is_multiple_of(self.base_dilation)).then_some(element)
    }

    /// The number of (position, tap) pairs with an element under them.
    pub(crate) fn contacts(&self, extent: usize) -> u64 {
        let at =
            |place: usize| (0..self.size).filter(|&tap| self.element(place, tap, extent).is_some()).count();
        (0..self.valid_places(extent)).map(|place| at(place) as u64).sum()
    }

    /// The number of positions of a window that shape inference has accepted.
    fn valid_places(&self, extent: usize) -> usize {
        self.places(extent).expect("shape inference has checked the window")
    }

    /// The window of the gradient with respect to the operand. It moves over the positions of this one, and its
    /// positions are the `extent` elements. Its taps are those of this one in reverse.
    pub(crate) fn to_operand(self, extent: usize) -> Self {
        let places = self.valid_places(extent);
        let reach = dilated(self.size, self.window_dilation);
        let low = reach - 1 - self.low as i128;
        let high = dilated(extent, self.base_dilation) + reach - 1 - dilated(places, self.stride) - low;
        Self {
            stride: self.base_dilation,
            low: low as isize,
            high: high as isize,
            base_dilation: self.stride,
            ..self
        }
    }

    /// The window of the gradient with respect to the kernel. Its taps are all positions of this one, and its positions
    /// are the taps of this one.
    pub(crate) fn to_window(self, extent: usize) -> Self {
        let places = self.valid_places(extent);
        let reach = dilated(self.size, self.window_dilation);
        let high = dilated(places, self.stride) - dilated(extent, self.base_dilation) + reach - 1;
        Self {
            size: places,
            stride: self.window_dilation,
            high: (high - self.low as i128) as isize,
            window_dilation: self.stride,
            ..self
        }
    }
}

/// The greatest length: indices computed from sums of a few such lengths fit in `isize`.
const FARTHEST: i128 = isize::MAX as i128 / 8;

/// The length of an axis whose elements are `dilation` apart.
fn dilated(extent: usize, dilation: usize) -> i128 {
    if extent == 0 { 0 } else { (extent as i128 - 1).saturating_mul(dilation as i128).saturating_add(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each_window(mut f: impl FnMut(WindowAxis, usize)) {
        for size in 1..4 {
            for stride in 1..4 {
                for (low, high) in [(0, 0), (1, 2), (-1, 0), (3, -2)] {
                    for (base_dilation, window_dilation) in [(1, 1), (2, 1), (1, 2), (3, 2)] {
                        for extent in 0..6 {
                            let window =
                                WindowAxis { size, stride, low, high, base_dilation, window_dilation };
                            f(window, extent);
                        }
                    }
                }
            }
        }
    }

    /// All (position, tap, element) with an element under the tap.
    fn contacts(window: WindowAxis, extent: usize) -> Vec<(usize, usize, usize)> {
        let places = window.places(extent).unwrap();
        let taps = (0..places).flat_map(|place| (0..window.size).map(move |tap| (place, tap)));
        taps.filter_map(|(place, tap)| Some((place, tap, window.element(place, tap, extent)?))).collect()
    }

    #[test]
    fn the_operands_window_meets_the_same_pairs() {
        each_window(|window, extent| {
            let places = window.places(extent).unwrap();
            let back = window.to_operand(extent);
            if places > 0 {
                assert_eq!(back.places(places), Ok(extent), "{window:?} on {extent}");
            }
            let mut found: Vec<_> = contacts(back, places)
                .into_iter()
                .map(|(element, reversed, place)| (place, window.size - 1 - reversed, element))
                .collect();
            found.sort_unstable();
            assert_eq!(found, contacts(window, extent), "{window:?} on {extent}");
        });
    }

    #[test]
    fn the_windows_window_meets_the_same_pairs() {
        each_window(|window, extent| {
            let back = window.to_window(extent);
            if back.size == 0 {
                return;
            }
            assert_eq!(back.places(extent), Ok(window.size), "{window:?} on {extent}");
            let mut found: Vec<_> = contacts(back, extent)
                .into_iter()
                .map(|(tap, place, element)| (place, tap, element))
                .collect();
            found.sort_unstable();
            assert_eq!(found, contacts(window, extent), "{window:?} on {extent}");
        });
    }

    #[test]
    fn what_is_no_window_is_refused() {
        let window = WindowAxis::new(3);
        assert_eq!(window.places(5), Ok(3));
        assert_eq!(window.places(2), Ok(0));
        assert!(WindowAxis { size: 0, ..window }.places(5).is_err());
        assert!(WindowAxis { stride: 0, ..window }.places(5).is_err());
        assert!(WindowAxis { base_dilation: 0, ..window }.places(5).is_err());
        assert!(WindowAxis { window_dilation: usize::MAX, ..window }.places(5).is_err());
        assert!(WindowAxis { low: isize::MIN, high: isize::MAX, ..window }.places(5).is_err());
        assert!(WindowAxis { base_dilation: usize::MAX, ..window }.places(usize::MAX).is_err());
    }
}
