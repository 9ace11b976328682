//! The size of variables: elements and bytes.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;

use metamlp_tensor::Tree;

/// A number of elements and of bytes.
///
/// Prints as in Flax's tables, with decimal units: `1,024 (4.1 KB)`; an empty string for 0 elements.
///
/// ```
/// use metamlp::{F32, Tensor, summary::Size};
/// assert_eq!(Size::of(&Tensor::spec([784, 300], F32)).to_string(), "235,200 (940.8 KB)");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Size {
    /// Number of elements.
    pub count: usize,
    /// Number of bytes.
    pub bytes: usize,
}

impl Size {
    /// The total size of all tensors of a tree.
    #[must_use]
    pub fn of(tree: &impl Tree) -> Self {
        let mut size = Self::default();
        tree.for_each(&mut |tensor| {
            let count = tensor.size();
            size = size + Self { count, bytes: count.saturating_mul(tensor.dtype().size()) };
        });
        size
    }

    /// The number of bytes as text: `940.8 KB`.
    #[must_use]
    pub fn bytes_text(self) -> String {
        const UNITS: [(f64, &str); 3] = [(1e9, "GB"), (1e6, "MB"), (1e3, "KB")];
        let bytes = self.bytes as f64;
        match UNITS.into_iter().find(|(unit, _)| bytes > *unit) {
            Some((unit, name)) => format!("{} {name}", with_commas(format_args!("{:.1}", bytes / unit))),
            None => format!("{} B", with_commas(self.bytes)),
        }
    }
}

impl Add for Size {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { count: self.count.saturating_add(other.count), bytes: self.bytes.saturating_add(other.bytes) }
    }
}

impl Sum for Size {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        sizes.fold(Self::default(), Add::add)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.count == 0 {
            return Ok(());
        }
        write!(f, "{} ({})", with_commas(self.count), self.bytes_text())
    }
}

/// A decimal number with a comma after every third digit of its integer part.
pub(super) fn with_commas(number: impl fmt::Display) -> String {
    let number = number.to_string();
    let (whole, fraction) = number.split_at(number.find('.').unwrap_or(number.len()));
    let mut text = String::with_capacity(number.len() + whole.len() / 3);
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_print_as_in_flax() {
        let text = |count, bytes| Size { count, bytes }.to_string();
        assert_eq!(text(0, 0), "");
        assert_eq!(text(50, 200), "50 (200 B)");
        assert_eq!(text(250, 1000), "250 (1,000 B)");
        assert_eq!(text(251, 1004), "251 (1.0 KB)");
        assert_eq!(text(1_234_567, 999_999), "1,234,567 (1,000.0 KB)");
        assert_eq!(text(1, 1_500_000), "1 (1.5 MB)");
        assert_eq!(text(1, 7_000_000_000_000), "1 (7,000.0 GB)");
    }
}
