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

    /// The taps of the window at position `place` that have an element under them. Found by arithmetic: the padding may
    /// be much longer than the axis.
    pub(crate) fn inside(&self, place: usize, extent: usize) -> Inside {
        let none = Inside { tap: 0, tap_step: 1, element: 0, element_step: 1, count: 0 };
        let Some(last) = extent.checked_sub(1).map(|last| (last * self.base_dilation).cast_signed()) else {
            return none;
        };
        let start = (place * self.stride).cast_signed() - self.low;
        let dilation = self.window_dilation.cast_signed();
        // The taps that are neither before the first nor after the last element.
        let first = (-start).max(0).cast_unsigned().div_ceil(self.window_dilation);
        let end = if start > last { 0 } else { ((last - start) / dilation).cast_unsigned() + 1 };
        let end = end.min(self.size);
        // Of these taps, the ones that are not in a gap.
        let Some((phase, tap_step)) = solutions(start, self.window_dilation, self.base_dilation) else {
            return none;
        };
        let tap = first + (phase + tap_step - first % tap_step) % tap_step;
        if tap >= end {
            return none;
        }
        Inside {
            tap,
            tap_step,
            element: (start + (tap * self.window_dilation).cast_signed()).cast_unsigned()
                / self.base_dilation,
            element_step: self.window_dilation / (self.base_dilation / tap_step),
            count: (end - 1 - tap) / tap_step + 1,
        }
    }

    /// The number of (position, tap) pairs with an element under them; `u64::MAX` if it is larger. The fewest of
    /// positions, taps and elements are walked, the others are counted.
    pub(crate) fn contacts(&self, extent: usize) -> u64 {
        let places = self.valid_places(extent);
        let count = |window: &Self, places: usize, extent: usize| -> u64 {
            let counts = (0..places).map(|place| window.inside(place, extent).count as u64);
            counts.fold(0, u64::saturating_add)
        };
        // Positions and taps change roles by renaming them. An element is the position of the window of the gradient.
        let swapped =
            Self { size: places, stride: self.window_dilation, window_dilation: self.stride, ..*self };
        match places.min(self.size).min(extent) {
            0 => 0,
            fewest if fewest == places => count(self, places, extent),
            fewest if fewest == self.size => count(&swapped, self.size, extent),
            _ => count(&self.to_operand(extent), extent, places),
        }
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

/// The taps of one window with an element under them, and the elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Inside {
    /// The first tap.
    pub(crate) tap: usize,
    /// The distance from one tap to the next.
    pub(crate) tap_step: usize,
    /// The element under the first tap.
    pub(crate) element: usize,
    /// The distance from one element to the next.
    pub(crate) element_step: usize,
    /// The number of taps.
    pub(crate) count: usize,
}

impl Inside {
    /// The elements under the taps, in order.
    pub(crate) fn elements(self) -> impl Iterator<Item = usize> {
        (0..self.count).map(move |number| self.element + number * self.element_step)
    }
}

/// The `tap` for which `start + tap * step` is a multiple of `gap`: the least one and the distance between them. `None` if
/// there is none.
fn solutions(start: isize, step: usize, gap: usize) -> Option<(usize, usize)> {
    if gap == 1 {
        return Some((0, 1));
    }
    // Euclid's algorithm: `factor * step` leaves the rest `common`, modulo `gap`.
    let (gap, step) = (gap as i128, step as i128);
    let (mut common, mut rest) = (gap, step % gap);
    let (mut factor, mut next) = (0_i128, 1_i128);
    while rest != 0 {
        let quotient = common / rest;
        (common, rest) = (rest, common - quotient * rest);
        (factor, next) = (next, factor - quotient * next);
    }
    let start = start as i128;
    if start % common != 0 {
        return None;
    }
    let distance = gap / common;
    let least = (-start / common).rem_euclid(distance) * factor.rem_euclid(distance) % distance;
    Some((least as usize, distance as usize))
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
                    for (base_dilation, window_dilation) in
                        [(1, 1), (2, 1), (1, 2), (3, 2), (2, 3), (4, 2), (2, 4), (6, 4)]
                    {
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
    fn the_taps_inside_are_those_with_an_element() {
        each_window(|window, extent| {
            let all = contacts(window, extent);
            for place in 0..window.places(extent).unwrap() {
                let expected: Vec<_> = all.iter().filter(|contact| contact.0 == place).collect();
                let inside = window.inside(place, extent);
                let taps = (0..inside.count).map(|number| inside.tap + number * inside.tap_step);
                let found: Vec<_> =
                    taps.zip(inside.elements()).map(|(tap, element)| (place, tap, element)).collect();
                assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{window:?} on {extent}");
            }
            assert_eq!(window.contacts(extent), all.len() as u64, "{window:?} on {extent}");
        });
    }

    #[test]
    fn contacts_in_long_padding_are_counted_at_once() {
        let long = 1 << 40;
        let padded = WindowAxis { low: long, high: long, ..WindowAxis::new(3) };
        assert_eq!(padded.contacts(5), 15);
        assert_eq!(WindowAxis { size: 1 << 40, ..padded }.contacts(5), 5 << 40);
        assert_eq!(WindowAxis { base_dilation: 1 << 33, ..padded }.contacts(5), 15);
        assert_eq!(WindowAxis::new(3).contacts(1 << 40), 3 * ((1 << 40) - 2));
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
