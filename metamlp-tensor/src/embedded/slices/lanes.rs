//! The operands of elementwise loops. They are read in chunks of a fixed number of elements. An operand with one element
//! for the whole tile is a single chunk of equal elements, which the loop reads again for each chunk of the result.

/// Elements of a chunk.
pub(crate) const CHUNK: usize = 64;

/// An operand's elements in a tile.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<'a, T> {
    elements: &'a [T],
    /// Elements from one chunk to the next; 0 if one chunk stands for all.
    step: usize,
}

impl<'a, T> Lanes<'a, T> {
    /// An operand with one element for each element of the tile.
    pub(crate) fn each(elements: &'a [T]) -> Self {
        Self { elements, step: CHUNK }
    }

    /// An operand with one value for the whole tile, given as a chunk of equal elements.
    pub(crate) fn same(chunk: &'a [T]) -> Self {
        Self { elements: chunk, step: 0 }
    }

    /// True for an operand with one value for the whole tile.
    pub(crate) fn is_same(&self) -> bool {
        self.step == 0
    }

    /// The chunk of this number.
    #[inline(always)]
    pub(crate) fn chunk(&self, number: usize) -> &'a [T; CHUNK] {
        self.elements[number * self.step..].first_chunk().expect(LENGTHS)
    }

    /// The value of an operand with one value for the whole tile.
    #[inline(always)]
    pub(crate) fn first(&self) -> T
    where
        T: Copy,
    {
        *self.elements.first().expect(LENGTHS)
    }

    /// The `length` elements that follow the first `chunks` chunks.
    #[inline(always)]
    pub(crate) fn rest(&self, chunks: usize, length: usize) -> &'a [T] {
        &self.elements[chunks * self.step..][..length]
    }
}

/// The invariant of all operands.
const LENGTHS: &str = "an operand has as many elements as the output, or a chunk of equal ones";

/// Fills `$out` with `$value`, an expression of one element of each operand. With `in`, the expression also reads the
/// element of `$out` that it replaces.
macro_rules! elementwise {
    (in $out:ident($own:ident) = $($x:ident),* => $value:expr) => {{
        let (chunks, rest) = $out.as_chunks_mut::<{ $crate::embedded::slices::lanes::CHUNK }>();
        for (_number, out) in chunks.iter_mut().enumerate() {
            $(let $x = $x.chunk(_number);)*
            for (_lane, out) in out.iter_mut().enumerate() {
                let $own = *out;
                $(let $x = $x[_lane];)*
                *out = $value;
            }
        }
        $(let $x = $x.rest(chunks.len(), rest.len());)*
        for (_lane, out) in rest.iter_mut().enumerate() {
            let $own = *out;
            $(let $x = $x[_lane];)*
            *out = $value;
        }
    }};
    ($out:ident = $($x:ident),+ => $value:expr) => {{
        let (chunks, rest) = $out.as_chunks_mut::<{ $crate::embedded::slices::lanes::CHUNK }>();
        for (number, out) in chunks.iter_mut().enumerate() {
            $(let $x = $x.chunk(number);)+
            for (lane, out) in out.iter_mut().enumerate() {
                $(let $x = $x[lane];)+
                *out = $value;
            }
        }
        $(let $x = $x.rest(chunks.len(), rest.len());)+
        for (lane, out) in rest.iter_mut().enumerate() {
            $(let $x = $x[lane];)+
            *out = $value;
        }
    }};
}
pub(crate) use elementwise;
