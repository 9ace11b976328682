//! A window that moves along an axis: over elements that padding surrounds
//! and dilation separates, as in XLA. Knows extents alone.

/// How a window moves along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct WindowAxis {
    /// Elements of the window.
    pub(crate) size: usize,
    /// From one place of the window to the next.
    pub(crate) stride: usize,
    /// Padding before the first element; negative cuts elements off.
    pub(crate) low: isize,
    /// Padding after the last element.
    pub(crate) high: isize,
    /// From one element of the operand to the next, with padding between.
    pub(crate) base_dilation: usize,
    /// From one element of the window to the next.
    pub(crate) window_dilation: usize,
}

impl WindowAxis {
    /// A window of `size` neighbours that moves by one, without padding.
    pub(crate) const fn new(size: usize) -> Self {
        Self { size, stride: 1, low: 0, high: 0, base_dilation: 1, window_dilation: 1 }
    }

    /// Whether each window is one element, and each element a window.
    pub(crate) fn is_trivial(&self) -> bool {
        *self == Self::new(1)
    }

    /// The number of windows on an axis of `extent`, or what is wrong with them.
    pub(crate) fn places(&self, extent: usize) -> Result<usize, String> {
        for (what, value) in [
            ("a window", self.size),
            ("a stride", self.stride),
            ("a dilation", self.base_dilation.min(self.window_dilation)),
        ] {
            if value == 0 {
                return Err(format!("{what} of 0 is none"));
            }
        }
        let (extent, reach) = (dilated(extent, self.base_dilation), dilated(self.size, self.window_dilation));
        let sides = [self.low as i128, self.high as i128];
        if [extent, reach, sides[0], sides[1]].iter().any(|length| length.abs() > FARTHEST) {
            return Err(format!(
                "a window that reaches {reach} elements, padding of {} and {} \
                                around {extent} elements: more than any memory",
                self.low, self.high
            ));
        }
        let free = extent + sides[0] + sides[1] - reach;
        if free < 0 {
            return Ok(0);
        }
        usize::try_from(free / self.stride as i128 + 1).map_err(|error| error.to_string())
    }

    /// The element that is `tap` in the window at `place`; `None` in padding.
    #[inline(always)]
    pub(crate) fn element(&self, place: usize, tap: usize, extent: usize) -> Option<usize> {
        let position = (place * self.stride + tap * self.window_dilation).cast_signed() - self.low;
        self.at(position, extent)
    }

    /// The element at a position of the dilated axis.
    #[inline(always)]
    pub(crate) fn at(&self, position: isize, extent: usize) -> Option<usize> {
        let position = usize::try_from(position).ok()?;
        if self.base_dilation == 1 {
            return (position < extent).then_some(position);
        }
        let element = position / self.base_dilation;
        (element < extent && position.is_multiple_of(self.base_dilation)).then_some(element)
    }

    /// How many elements all windows together hold.
    pub(crate) fn contacts(&self, extent: usize) -> u64 {
        let at =
            |place: usize| (0..self.size).filter(|&tap| self.element(place, tap, extent).is_some()).count();
        (0..self.places(extent).unwrap_or(0)).map(|place| at(place) as u64).sum()
    }

    /// The window that carries a gradient back from the places to the `extent`
    /// elements: what each element has contributed to, read with the window's
    /// elements in reverse.
    pub(crate) fn to_operand(self, extent: usize) -> Self {
        let places = self.places(extent).unwrap_or(0);
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

    /// The window, of all places, whose own places are the elements of this one.
    pub(crate) fn to_window(self, extent: usize) -> Self {
        let places = self.places(extent).unwrap_or(0);
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

/// Lengths up to here, and sums of a few of them, are positions that a kernel can count.
const FARTHEST: i128 = isize::MAX as i128 / 8;

/// The extent of an axis with its elements `dilation` apart.
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

    /// (place, tap, element) wherever a window holds an element.
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
