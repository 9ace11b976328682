//! Reads the elements of a strided view, tile by tile, into a register. Knows slices and strides.

use smallvec::SmallVec;

/// (extent, stride) pairs that walk a tile. The first extent counts for each entry of the tile.
pub(crate) type Pattern = SmallVec<[(usize, isize); 3]>;

/// The pattern of a tile. `extents` are those of the axes after the split axis; the first stride is that of the split
/// axis.
pub(crate) fn pattern(extents: &[usize], strides: &[isize]) -> Pattern {
    let mut pattern = Pattern::new();
    pattern.push((1, strides[0]));
    for (&extent, &stride) in extents.iter().zip(&strides[1..]) {
        match pattern.last_mut() {
            Some((outer, step)) if *step == stride * extent.cast_signed() => {
                *outer *= extent;
                *step = stride;
            }
            _ => pattern.push((extent, stride)),
        }
    }
    pattern
}

/// True if the pattern reads neighbouring elements in order.
pub(crate) fn is_run(pattern: &Pattern) -> bool {
    matches!(pattern[..], [(_, 1)])
}

/// Fills `out` with the elements of `source` that the pattern walks, from `offset` on.
pub(crate) fn gather<T: Copy>(source: &[T], offset: isize, pattern: &Pattern, entries: usize, out: &mut [T]) {
    walk(pattern, entries, offset, out, &|offset, stride, out| run(source, offset, stride, out));
}

/// Fills `out` with the offsets that the pattern walks, converted by `convert`.
pub(crate) fn offsets<T>(
    offset: isize,
    pattern: &Pattern,
    entries: usize,
    out: &mut [T],
    convert: impl Fn(isize) -> T,
) {
    walk(pattern, entries, offset, out, &|offset, stride, out: &mut [T]| {
        let mut offset = offset;
        for out in out {
            *out = convert(offset);
            offset += stride;
        }
    });
}

fn walk<T>(
    pattern: &Pattern,
    entries: usize,
    offset: isize,
    out: &mut [T],
    run: &impl Fn(isize, isize, &mut [T]),
) {
    if out.is_empty() {
        return;
    }
    match pattern[..] {
        [(_, stride)] => run(offset, stride, out),
        [(_, outer), (extent, stride)] => {
            let mut offset = offset;
            for out in out.chunks_exact_mut(extent) {
                run(offset, stride, out);
                offset += outer;
            }
        }
        _ => {
            let mut position = offset;
            let rows = pattern[0].0 * entries;
            for out in out.chunks_exact_mut(out.len() / rows) {
                nested(&pattern[1..], position, out, run);
                position += pattern[0].1;
            }
        }
    }
}

fn nested<T>(
    pattern: &[(usize, isize)],
    offset: isize,
    out: &mut [T],
    run: &impl Fn(isize, isize, &mut [T]),
) {
    match pattern {
        [] => {}
        [(_, stride)] => run(offset, *stride, out),
        [(extent, stride), inner @ ..] => {
            let mut offset = offset;
            let length = out.len() / extent;
            for out in out.chunks_exact_mut(length) {
                nested(inner, offset, out, run);
                offset += stride;
            }
        }
    }
}

#[inline(always)]
fn run<T: Copy>(source: &[T], offset: isize, stride: isize, out: &mut [T]) {
    let start = offset.cast_unsigned();
    match stride {
        0 => out.fill(source[start]),
        1 => out.copy_from_slice(&source[start..][..out.len()]),
        _ => {
            let mut offset = offset;
            for out in out {
                *out = source[offset.cast_unsigned()];
                offset += stride;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_walks_by_its_strides() {
        let source: Vec<i32> = (0..24).collect();
        // [2, 3, 4] read as [3, 4, 2], the last axis reversed.
        let pattern = pattern(&[4, 2], &[4, 1, -12]);
        let mut out = vec![0; 24];
        gather(&source, 12, &pattern, 3, &mut out);
        let expected: Vec<i32> =
            (0..3).flat_map(|i| (0..4).flat_map(move |j| [12 + i * 4 + j, i * 4 + j])).collect();
        assert_eq!(out, expected);
        let mut part = vec![0; 8];
        gather(&source, 12, &pattern, 1, &mut part);
        assert_eq!(part, expected[..8]);
    }

    #[test]
    fn neighbours_merge_to_one_run() {
        assert!(is_run(&pattern(&[3, 4], &[12, 4, 1])));
        assert!(!is_run(&pattern(&[3, 4], &[0, 4, 1])));
        assert_eq!(pattern(&[3, 4], &[0, 0, 0])[..], [(12, 0)]);
    }
}
