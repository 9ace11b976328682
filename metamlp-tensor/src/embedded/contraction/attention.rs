//! Attention: two matrix products with row-wise kernels between them. A block of rows of the scores is computed, goes
//! through the kernels and is multiplied again while it is in cache, so that the matrix of all scores is never stored.

use std::fmt;

use rayon::prelude::*;
use smallvec::{SmallVec, smallvec};

use crate::dtype::DType;
use crate::graph::{Graph, Id};
use crate::memory::buffer::Buffer;

use super::factors::{Factors, PARALLEL_FLOPS, TILE_ROWS};
use super::product::Product;
use crate::embedded::analysis::body::Body;
use crate::embedded::analysis::row_group::Cut;
use crate::embedded::fused::frame::Lane;
use crate::embedded::fused::rows::Rows;
use crate::embedded::kernel::{Kernel, Outputs, input};
use crate::embedded::slices::gemv::Vectors;
use crate::embedded::slices::matmul::{self, Matrix, Number};

/// Elements of a block of scores. The block and the kernels' output share the L2 cache with the other operands. Smaller
/// in tests.
const BLOCK: usize = if cfg!(test) { 64 } else { 1 << 16 };

/// The step that computes the second product.
pub(crate) struct Attention {
    /// `[batch, rows, columns]`.
    scores: Product,
    /// The kernels from a block of the scores to the same block of the left operand of `output`.
    between: Rows,
    /// Number of the scores among the inputs of the kernels.
    input: usize,
    output: Product,
    /// Rows of a block.
    block: usize,
}

impl Attention {
    /// Compiles the attention whose scores are the node `id`. `operands` are those of the two products; the third one is
    /// the output of the kernels of `bodies`. Also returns the nodes that are read.
    pub(crate) fn new(
        graph: &Graph,
        products: [Product; 2],
        (id, operands): (Id, SmallVec<[Id; 4]>),
        bodies: &[Body],
        cut: Cut,
    ) -> (Self, SmallVec<[Id; 4]>) {
        // Keys and values change in each run: do not store their packed form.
        let [scores, output] = products.map(|product| Product { form: None, ..product });
        let (between, inner) = Rows::new(graph, bodies, cut, &|made| made == operands[2]);
        let input = inner.iter().position(|&read| read == id).expect("the kernels between read the scores");
        let most = (BLOCK / scores.columns).clamp(TILE_ROWS, matmul::ROWS);
        let block = between.whole_blocks(most);
        let reads = [operands[0], operands[1], operands[3]].into_iter();
        let reads = reads.chain(inner.into_iter().filter(|&read| read != id)).collect();
        (Self { scores, between, input, output, block }, reads)
    }

    fn attend<T: Number + Vectors + Lane>(
        &self,
        [query, key, value]: [&Buffer; 3],
        rest: &[Option<Buffer>],
    ) -> Buffer {
        let Self { scores, output, .. } = self;
        let query = scores.left_hand_sides::<T>(query);
        // Pack the right-hand sides if several blocks of rows share them.
        let [key, value] = [(scores, key), (output, value)].map(|(product, sides)| {
            let is_shared = self.block < product.rows;
            if is_shared { product.right_hand_panels::<T>(sides) } else { product.right_hand_sides(sides) }
        });
        let (rows, width) = (scores.rows, scores.columns);
        let mut result = T::pool().take(scores.batch * rows * output.columns);
        let attend = |(matrix, result): (usize, &mut [T]), first: usize, own: &mut [T], made: &mut [T]| {
            let factors = scores.factors(&query, &key, matrix);
            let count = result.len() / output.columns;
            let (own, made) = (&mut own[..count * width], &mut made[..count * width]);
            Factors { lhs: factors.lhs.from(first, 0), rows: count, ..factors }.multiply_tiles(own);
            let at = matrix * rows + first;
            self.between.run_given(rest, (self.input, own), at..at + count, made);
            let lhs = Matrix { elements: made, stride: width, is_transposed: false };
            let rhs = output.right_hand_side(&value, matrix);
            Factors { lhs, rhs, rows: count, depth: width, columns: output.columns }.multiply_tiles(result);
        };
        let mut pieces: Vec<(usize, usize, &mut [T])> = Vec::new();
        for (matrix, result) in result.chunks_mut(rows * output.columns).enumerate() {
            let firsts = (0..rows).step_by(self.block);
            pieces.extend(
                firsts
                    .zip(result.chunks_mut(self.block * output.columns))
                    .map(|(first, result)| (matrix, first, result)),
            );
        }
        let work = |pieces: &mut [(usize, usize, &mut [T])]| {
            let [mut own, mut made] = [(); 2].map(|()| T::pool().take(self.block.min(rows) * width));
            for (matrix, first, result) in pieces {
                attend((*matrix, result), *first, &mut own, &mut made);
            }
        };
        let flops =
            (2 * scores.batch * rows).saturating_mul(width).saturating_mul(scores.depth + output.columns);
        let threads = if flops > PARALLEL_FLOPS { rayon::current_num_threads() } else { 1 };
        if threads > 1 {
            let together = pieces.len().div_ceil(4 * threads);
            pieces.par_chunks_mut(together).for_each(work);
        } else {
            work(&mut pieces);
        }
        drop(pieces);
        Buffer::from_vec(result)
    }
}

impl Kernel for Attention {
    fn run(&self, inputs: &mut [Option<Buffer>]) -> Outputs {
        let (operands, rest) = inputs.split_at(3);
        let operands = [0, 1, 2].map(|number| input(operands, number));
        let mut rest: SmallVec<[Option<Buffer>; 4]> = rest.into();
        rest.insert(self.input, None);
        smallvec![match self.scores.dtype {
            DType::F64 => self.attend::<f64>(operands, &rest),
            _ => self.attend::<f32>(operands, &rest),
        }]
    }
}

/// Both products, the rows between them, and the rows of a block.
impl fmt::Display for Attention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scores, between, output, block, .. } = self;
        write!(f, "dot {scores}, {between}, dot {output}, {block} rows at a time")
    }
}
