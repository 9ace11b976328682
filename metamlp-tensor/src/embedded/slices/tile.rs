//! Cuts an iteration space into tiles that fit in the L1 cache. A tile takes entries of one axis and all of the axes
//! after it, so that its elements are contiguous in row-major order. Knows no buffers.

use smallvec::SmallVec;

/// Extents of an iteration space; none of them is 1.
pub(crate) type Extents = SmallVec<[usize; 6]>;

/// Most elements of a tile, for a program of one instruction.
pub(crate) const TILE: usize = 4096;

/// Entries at least this long get a tile of their own if a longer tile would need a gather.
const WIDE: usize = 256;

/// Most elements of a tile, for a program of so many instructions. Each may need a register, and all registers must fit
/// in the L1 cache.
pub(crate) fn longest(steps: usize) -> usize {
    match steps {
        0..=1 => TILE,
        2..=3 => TILE / 2,
        _ => TILE / 4,
    }
}

/// The tiles of an iteration space: all of the axes after `split`, and a block of `split`.
#[derive(Clone, Debug)]
pub(crate) struct Tiling {
    pub(crate) extents: Extents,
    /// The axis that is cut into blocks.
    pub(crate) split: usize,
    /// Entries of `split` in a tile; the last block of the axis may have fewer.
    pub(crate) block: usize,
    /// Blocks of `split`.
    pub(crate) blocks: usize,
    /// Elements of the axes after `split`.
    pub(crate) inner: usize,
    /// Number of tiles.
    pub(crate) count: usize,
}

/// The position and the size of a tile.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tile {
    /// Position of its first element on the axes up to and including `split`.
    pub(crate) index: SmallVec<[usize; 6]>,
    /// Entries of the axis `split`.
    pub(crate) entries: usize,
    /// Elements.
    pub(crate) length: usize,
    /// Row-major position of its first element.
    pub(crate) linear: usize,
}

impl Tiling {
    /// `longest` is the most elements of a tile. `is_run(axis)` is true if every operand continues from one entry of the
    /// axis to the next without a jump.
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
            // A whole number of SIMD vectors.
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

    /// The tile of this number.
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

    /// The position on the axes before `split`, and on `split`.
    fn index(&self, outer: usize, start: usize) -> SmallVec<[usize; 6]> {
        match self.split {
            // Fast path for the most common tilings: no division.
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

    /// Calls `f` with tiles that cover `length` elements from `first` on. Both are multiples of `inner`.
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

    /// The row-major position of the first element of tile `number`; for the number of tiles, that of the end.
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
