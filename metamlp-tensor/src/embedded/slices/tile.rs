//! How an iteration space is cut into tiles that stay in the first-level
//! cache. A tile is a run of whole inner axes; its elements are contiguous in
//! row-major order. Knows no buffers.

use smallvec::SmallVec;

/// Extents of an iteration space, none of them 1.
pub(crate) type Extents = SmallVec<[usize; 6]>;

/// Elements of a tile at most, for a program of a single step.
pub(crate) const TILE: usize = 4096;

/// Elements of an entry that is better a tile by itself than put together with
/// others, where that means copying what is read.
const WIDE: usize = 256;

/// Elements of a tile at most, for a program of so many steps: their
/// registers, one each if it comes to that, must fit in a first-level cache.
pub(crate) fn longest(steps: usize) -> usize {
    match steps {
        0..=1 => TILE,
        2..=3 => TILE / 2,
        _ => TILE / 4,
    }
}

/// Tiles take whole axes after `split`, and blocks of `split`.
#[derive(Clone, Debug)]
pub(crate) struct Tiling {
    pub(crate) extents: Extents,
    /// The axis that is cut into blocks.
    pub(crate) split: usize,
    /// Entries of `split` in a tile; the last one of the axis may have fewer.
    pub(crate) block: usize,
    pub(crate) blocks: usize,
    /// Elements after `split`.
    pub(crate) inner: usize,
    /// Number of tiles.
    pub(crate) count: usize,
}

/// A tile's place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tile {
    /// The position on the axes up to and with `split`.
    pub(crate) index: SmallVec<[usize; 6]>,
    /// Entries of the axis `split`.
    pub(crate) entries: usize,
    /// Elements.
    pub(crate) length: usize,
    /// The first element's row-major position.
    pub(crate) linear: usize,
}

impl Tiling {
    /// `longest` is what a tile may have at most; `is_run` tells whether all
    /// that is read goes on from an entry of an axis to the next.
    pub(crate) fn new(mut extents: Extents, longest: usize, is_run: impl Fn(usize) -> bool) -> Self {
        if extents.is_empty() {
            extents.push(1);
        }
        let size: usize = extents.iter().product();
        let (mut split, mut inner) = (extents.len() - 1, 1);
        while split > 0 && inner * extents[split] <= longest && (inner < WIDE || is_run(split)) {
            inner *= extents[split];
            split -= 1;
        }
        let extent = extents[split];
        let is_wide = inner >= WIDE && split + 1 < extents.len() && !is_run(split);
        let most = if is_wide { 1 } else { (longest / inner.max(1)).max(1) };
        let blocks = extent.div_ceil(most).max(1);
        let mut block = extent.div_ceil(blocks).max(1);
        if inner == 1 && blocks > 1 {
            // Whole vectors.
            block = block.next_multiple_of(16).min(most);
        }
        let blocks = extent.div_ceil(block).max(1);
        let outer: usize = extents[..split].iter().product();
        let count = if size == 0 { 0 } else { outer * blocks };
        Self { extents, split, block, blocks, inner, count }
    }

    /// Elements of a full tile.
    pub(crate) fn length(&self) -> usize {
        self.block * self.inner
    }

    pub(crate) fn tile(&self, number: usize) -> Tile {
        let extent = self.extents[self.split];
        let (outer, block) = match (self.blocks, self.split) {
            (1, _) => (number, 0),
            (_, 0) => (0, number),
            (blocks, _) => (number / blocks, number % blocks),
        };
        let start = block * self.block;
        let entries = self.block.min(extent - start);
        let linear = (outer * extent + start) * self.inner;
        Tile { index: self.index(outer, start), entries, length: entries * self.inner, linear }
    }

    /// The position on the axes before `split`, and on it.
    fn index(&self, outer: usize, start: usize) -> SmallVec<[usize; 6]> {
        match self.split {
            // The commonest of all, without a division.
            0 => SmallVec::from_buf_and_len([start; 6], 1),
            1 => SmallVec::from_buf_and_len([outer, start, 0, 0, 0, 0], 2),
            _ => {
                let mut index = SmallVec::from_elem(start, self.split + 1);
                let mut rest = outer;
                for axis in (0..self.split).rev() {
                    index[axis] = rest % self.extents[axis];
                    rest /= self.extents[axis];
                }
                index
            }
        }
    }

    /// Calls `f` with tiles that cover the `length` elements from `first` on;
    /// both are multiples of `inner`.
    pub(crate) fn each_within(&self, first: usize, length: usize, mut f: impl FnMut(&Tile)) {
        let extent = self.extents[self.split];
        let (mut entry, end) = (first / self.inner, (first + length) / self.inner);
        while entry < end {
            let start = entry % extent;
            let entries = self.block.min(extent - start).min(end - entry);
            let index = self.index(entry / extent, start);
            f(&Tile { index, entries, length: entries * self.inner, linear: entry * self.inner });
            entry += entries;
        }
    }

    /// The row-major position of tile `number`'s first element; of the end, for the number of tiles.
    pub(crate) fn linear(&self, number: usize) -> usize {
        let start = number % self.blocks * self.block;
        (number / self.blocks * self.extents[self.split] + start) * self.inner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_follow_each_other_and_cover_the_space() {
        for extents in [&[][..], &[5], &[5000], &[128, 28, 28, 28], &[3, 2000], &[70000, 3], &[4, 1025, 2]] {
            for longest in [longest(1), longest(2), longest(9)] {
                let tiling = Tiling::new(extents.into(), longest, |_| true);
                let mut end = 0;
                for number in 0..tiling.count {
                    let tile = tiling.tile(number);
                    assert_eq!((tile.linear, tiling.linear(number)), (end, end), "{extents:?}");
                    assert!(tile.length <= longest && tile.length > 0);
                    end += tile.length;
                }
                assert_eq!(end, extents.iter().product::<usize>());
                let middle = end / tiling.inner / 2 * tiling.inner;
                let mut covered = 0;
                for (first, last) in [(0, middle), (middle, end)] {
                    tiling.each_within(first, last - first, |tile| {
                        assert_eq!(tile.linear, covered);
                        assert!(tile.length <= longest && tile.length > 0);
                        covered += tile.length;
                    });
                    assert_eq!(covered, last);
                }
                assert_eq!(tiling.linear(tiling.count), end);
            }
        }
        assert_eq!(Tiling::new([4, 0, 3].as_slice().into(), TILE, |_| true).count, 0);
    }
}
