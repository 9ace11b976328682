//! Random programs, and values for their inputs. Knows operations; nothing of the executor.

use half::{bf16, f16};
use smallvec::SmallVec;

use crate::dtype::DType;
use crate::graph::infer::infer;
use crate::graph::op::{
    Binary, Comparison, DotDimensions, Extremum, Literal, Op, Pad, Reduction, Slice, Unary, Update,
};
use crate::graph::{Graph, GraphNode, Id};
use crate::memory::buffer::Buffer;
use crate::shape::{Axes, Shape, Type};
use crate::window::WindowAxis;

/// A stream of choices, from a seed that proptest picks and shrinks.
pub(super) struct Choices(pub(super) u64);

impl Choices {
    pub(super) fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % below.max(1)
    }

    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.next(of.len())]
    }

    pub(super) fn shape(&mut self, largest: usize) -> Axes {
        let rank = self.pick(&[0, 1, 1, 2, 2, 3, 4]);
        let mut shape = Axes::new();
        for _ in 0..rank {
            let extent = match self.next(12) {
                0 => 1,
                1 if self.next(4) == 0 => 0,
                2 => 17,
                _ => 1 + self.next(largest),
            };
            shape.push(extent);
        }
        shape
    }

    /// One of a few small values: equal ones meet, and sums stay exact enough.
    pub(super) fn values(&mut self, ty: &Type) -> Buffer {
        let size = ty.shape.size();
        let number = |choices: &mut Self| (choices.next(41) as f64 - 20.0) / 8.0;
        match ty.dtype {
            DType::Bool => Buffer::from_vec((0..size).map(|_| self.next(2) == 0).collect::<Vec<bool>>()),
            DType::I32 => Buffer::from_vec((0..size).map(|_| self.next(11) as i32 - 4).collect::<Vec<i32>>()),
            DType::U32 => Buffer::from_vec((0..size).map(|_| self.next(40) as u32).collect::<Vec<u32>>()),
            DType::F16 => {
                Buffer::from_vec((0..size).map(|_| f16::from_f64(number(self))).collect::<Vec<f16>>())
            }
            DType::BF16 => {
                Buffer::from_vec((0..size).map(|_| bf16::from_f64(number(self))).collect::<Vec<bf16>>())
            }
            DType::F32 => Buffer::from_vec((0..size).map(|_| number(self) as f32).collect::<Vec<f32>>()),
            DType::F64 => Buffer::from_vec((0..size).map(|_| number(self)).collect::<Vec<f64>>()),
        }
    }

    pub(super) fn subset(&mut self, rank: usize) -> Axes {
        (0..rank).filter(|_| self.next(2) == 0).collect()
    }
}

const DTYPES: [DType; 10] = [
    DType::F32,
    DType::F32,
    DType::F32,
    DType::F32,
    DType::F64,
    DType::I32,
    DType::U32,
    DType::Bool,
    DType::F16,
    DType::BF16,
];
const UNARY: [Unary; 22] = [
    Unary::Abs,
    Unary::Cos,
    Unary::Ceil,
    Unary::Erf,
    Unary::ErfInv,
    Unary::Erfc,
    Unary::Exp,
    Unary::ExpM1,
    Unary::Floor,
    Unary::IsFinite,
    Unary::Log,
    Unary::Log1p,
    Unary::Logistic,
    Unary::Neg,
    Unary::Not,
    Unary::RoundNearestEven,
    Unary::Rsqrt,
    Unary::Sign,
    Unary::Sin,
    Unary::Sqrt,
    Unary::Tan,
    Unary::Tanh,
];
const BINARY: [Binary; 17] = [
    Binary::Add,
    Binary::Add,
    Binary::Mul,
    Binary::Mul,
    Binary::Sub,
    Binary::Div,
    Binary::Rem,
    Binary::Max,
    Binary::Min,
    Binary::Pow,
    Binary::Atan2,
    Binary::And,
    Binary::Or,
    Binary::Xor,
    Binary::ShiftLeft,
    Binary::ShiftRight,
    Binary::Sub,
];

/// A random operation on nodes of `graph`; it may be ill-formed.
fn operation(choices: &mut Choices, graph: &Graph, largest: usize) -> (Op, SmallVec<[Id; 3]>) {
    let count = graph.nodes.len();
    // Prefer new nodes, so that programs are deep.
    let a =
        if choices.next(3) == 0 { choices.next(count) } else { count - 1 - choices.next(count.min(5)) } as Id;
    let alike = |choices: &mut Choices, a: Id, same_dtype: bool| -> Id {
        let like = &graph.node(a).ty;
        let fitting: Vec<Id> = (0..count as Id)
            .filter(|&id| {
                let ty = &graph.node(id).ty;
                id != a && ty.shape == like.shape && (!same_dtype || ty.dtype == like.dtype)
            })
            .collect();
        if fitting.is_empty() { a } else { choices.pick(&fitting) }
    };
    let fitting = |choices: &mut Choices, fits: &dyn Fn(&Type) -> bool| -> Id {
        let fitting: Vec<Id> = (0..count as Id).filter(|&id| fits(&graph.node(id).ty)).collect();
        if fitting.is_empty() { a } else { choices.pick(&fitting) }
    };
    let shape = graph.node(a).ty.shape.clone();
    let rank = shape.len();
    let axis = choices.next(rank);
    let one: SmallVec<[Id; 3]> = SmallVec::from_slice(&[a]);
    match choices.next(32) {
        0..=4 => (Op::Unary(choices.pick(&UNARY)), one),
        5..=10 => (Op::Binary(choices.pick(&BINARY)), [a, alike(choices, a, true)].into_iter().collect()),
        11 => {
            let comparison = choices.pick(&[Comparison::Eq, Comparison::Ne, Comparison::Lt, Comparison::Ge]);
            (Op::Compare(comparison), [a, alike(choices, a, true)].into_iter().collect())
        }
        12 => {
            let (yes, no) = (alike(choices, a, false), alike(choices, a, false));
            (Op::Select, [a, yes, no].into_iter().collect())
        }
        13 => {
            let (b, c) = (alike(choices, a, true), alike(choices, a, true));
            (Op::MulAdd, [a, b, c].into_iter().collect())
        }
        14 => (Op::Convert(choices.pick(&DTYPES)), one),
        15 => (Op::BitcastConvert(choices.pick(&[DType::I32, DType::U32])), one),
        16 | 17 => {
            // New axes around the operand's, extents of 1 repeated.
            let (mut result, mut axes) = (Axes::new(), Axes::new());
            for &extent in &shape[..] {
                while choices.next(3) == 0 && result.len() < 4 {
                    result.push(1 + choices.next(largest));
                }
                axes.push(result.len());
                result.push(if extent == 1 { 1 + choices.next(3) } else { extent });
            }
            if result.len() < 3 {
                result.push(1 + choices.next(largest));
            }
            (Op::BroadcastInDim { shape: Shape::from(&result[..]), axes }, one)
        }
        18 => {
            let mut result: Axes = shape[..].into();
            match choices.next(4) {
                0 => result.insert(choices.next(rank + 1), 1),
                1 if rank > 1 => {
                    let joined = result.remove(axis.max(1));
                    result[axis.max(1) - 1] *= joined;
                }
                2 if rank > 0 && result[axis].is_multiple_of(2) => {
                    result[axis] /= 2;
                    result.insert(axis + 1, 2);
                }
                _ => result = [shape.size()].as_slice().into(),
            }
            (Op::Reshape(Shape::from(&result[..])), one)
        }
        19 | 20 => {
            let mut permutation: Axes = (0..rank).collect();
            for i in (1..rank).rev() {
                permutation.swap(i, choices.next(i + 1));
            }
            (Op::Transpose(permutation), one)
        }
        21..=23 => {
            let kinds = [
                Reduction::Sum,
                Reduction::Sum,
                Reduction::Max,
                Reduction::Min,
                Reduction::Prod,
                Reduction::All,
                Reduction::Any,
            ];
            (Op::Reduce { kind: choices.pick(&kinds), axes: choices.subset(rank) }, one)
        }
        24 => {
            let starts: Axes = shape.iter().map(|&extent| choices.next(extent + 1)).collect();
            let limits = starts.iter().zip(&shape[..]).map(|(&s, &e)| s + choices.next(e - s + 1)).collect();
            let strides = (0..rank).map(|_| 1 + choices.next(3)).collect();
            (Op::Slice(Box::new(Slice { starts, limits, strides })), one)
        }
        25 => (Op::Reverse { axes: choices.subset(rank) }, one),
        26 => {
            // A product over one pair of axes, perhaps with the equal leading axes as batch axes.
            let b = choices.next(count) as Id;
            let other = &graph.node(b).ty.shape;
            let Some(j) = (0..other.len()).find(|&j| rank > 0 && other[j] == shape[axis]) else {
                return (Op::Identity, one);
            };
            let batch: Axes = if axis > 0 && j > 0 && shape[0] == other[0] && choices.next(2) == 0 {
                [0].as_slice().into()
            } else {
                Axes::new()
            };
            let dimensions = DotDimensions {
                lhs_contracting: [axis].as_slice().into(),
                rhs_contracting: [j].as_slice().into(),
                lhs_batch: batch.clone(),
                rhs_batch: batch,
            };
            (Op::DotGeneral(Box::new(dimensions)), [a, b].into_iter().collect())
        }
        27 => {
            let amounts = |choices: &mut Choices| -> Axes { (0..rank).map(|_| choices.next(3)).collect() };
            let (low, high, interior) = (amounts(choices), amounts(choices), amounts(choices));
            let dtype = graph.node(a).ty.dtype;
            let value = fitting(choices, &|ty| ty.dtype == dtype && ty.shape.is_empty());
            (Op::Pad(Box::new(Pad { low, high, interior })), [a, value].into_iter().collect())
        }
        29 => convolution(choices, graph, a),
        28 => match choices.next(12) {
            7 | 8 => {
                let mut windows = Vec::new();
                for _ in 0..rank {
                    let size = if choices.next(2) == 0 { 1 } else { 1 + choices.next(3) };
                    windows.push(if size == 1 { WindowAxis::new(1) } else { window(choices, size) });
                }
                let windows = windows.into();
                if choices.next(3) == 0 {
                    return (
                        Op::ArgReduceWindow { kind: choices.pick(&[Extremum::Max, Extremum::Min]), windows },
                        one,
                    );
                }
                let kind = choices.pick(&[Reduction::Sum, Reduction::Max, Reduction::Min]);
                (Op::ReduceWindow { kind, windows }, one)
            }
            9 => (Op::TopK { axis, k: choices.next(shape.get(axis).copied().unwrap_or(0) + 1) }, one),
            10 => {
                let starts = fitting(choices, &|ty| ty.dtype == DType::I32 && ty.shape[..] == [rank]);
                let sizes = shape.iter().map(|&extent| choices.next(extent + 1)).collect();
                (Op::DynamicSlice { sizes }, [a, starts].into_iter().collect())
            }
            11 => {
                let (dtype, whole) = (graph.node(a).ty.dtype, shape);
                let starts = fitting(choices, &|ty| ty.dtype == DType::I32 && ty.shape[..] == [rank]);
                let update = fitting(choices, &|ty| {
                    let fits = |(part, whole): (&usize, &usize)| part <= whole;
                    ty.dtype == dtype && ty.shape.len() == rank && ty.shape.iter().zip(&whole[..]).all(fits)
                });
                (Op::DynamicUpdateSlice, [a, update, starts].into_iter().collect())
            }
            0 => (Op::ArgReduce { kind: choices.pick(&[Extremum::Max, Extremum::Min]), axis }, one),
            1 => (Op::Concatenate { axis }, [a, alike(choices, a, true), a].into_iter().collect()),
            2 => {
                let indices = fitting(choices, &|ty| ty.dtype == DType::I32);
                (Op::Gather { axis }, [a, indices].into_iter().collect())
            }
            3 => {
                let indices = fitting(choices, &|ty| ty.dtype == DType::I32 && ty.shape.len() == 1);
                let rows = graph.node(indices).ty.shape.clone();
                let updated = &graph.node(a).ty;
                let updates = fitting(choices, &|ty| {
                    ty.dtype == updated.dtype
                        && rank > 0
                        && ty.shape == crate::graph::infer::spliced(&updated.shape, axis, &rows)
                });
                let update = choices.pick(&[Update::Add, Update::Set]);
                (Op::Scatter { update, axis }, [a, indices, updates].into_iter().collect())
            }
            4 => (Op::ArgSort { axis }, one),
            5 => (Op::CumulativeSum { axis, reverse: choices.next(2) == 0 }, one),
            _ => (Op::RngSplit { first: 3, count: 1 + choices.next(3) }, one),
        },
        _ => match choices.next(4) {
            0 => {
                let value = Literal::from_f64(choices.next(9) as f64 - 3.0, choices.pick(&DTYPES));
                (Op::Constant(value), SmallVec::new())
            }
            1 => {
                let shape = Shape::from(&choices.shape(largest)[..]);
                let axis = choices.next(shape.len());
                (Op::Iota { shape, axis, dtype: choices.pick(&DTYPES) }, SmallVec::new())
            }
            2 => {
                let key = (0..count as Id).find(|&id| {
                    let ty = &graph.node(id).ty;
                    ty.dtype == DType::U32 && ty.shape[..] == [2]
                });
                (Op::RngBits(shape.clone()), key.into_iter().collect())
            }
            _ => (Op::StopGradient, one),
        },
    }
}

/// A convolution of two nodes of one rank, as far as their extents fit. Some
/// are the operand of another one, reshaped to be a kernel.
fn convolution(choices: &mut Choices, graph: &Graph, a: Id) -> (Op, SmallVec<[Id; 3]>) {
    let shape = &graph.node(a).ty.shape;
    let Some(spatial) = shape.len().checked_sub(3) else { return (Op::Identity, [a].into_iter().collect()) };
    let fitting: Vec<Id> = (0..graph.nodes.len() as Id)
        .filter(|&id| {
            let (ty, other) = (&graph.node(a).ty, &graph.node(id).ty);
            ty.dtype == other.dtype
                && ty.shape.len() == other.shape.len()
                && ty.shape[spatial + 1..] == other.shape[spatial..spatial + 2]
        })
        .collect();
    if fitting.is_empty() {
        return (Op::Identity, [a].into_iter().collect());
    }
    let kernel = choices.pick(&fitting);
    let windows = (0..spatial).map(|axis| window(choices, graph.node(kernel).ty.shape[axis]));
    (Op::Convolution(windows.collect()), [a, kernel].into_iter().collect())
}

pub(super) fn window(choices: &mut Choices, size: usize) -> WindowAxis {
    WindowAxis {
        size,
        stride: 1 + choices.next(3),
        low: choices.next(5).cast_signed() - 2,
        high: choices.next(5).cast_signed() - 2,
        base_dilation: choices.pick(&[1, 1, 2, 3]),
        window_dilation: choices.pick(&[1, 1, 2, 3]),
    }
}

/// A random program, and values for its inputs.
pub(super) fn program(seed: u64, size: usize, largest: usize) -> (Graph, Vec<Buffer>) {
    let mut choices = Choices(seed);
    let mut graph = Graph::default();
    let shared = choices.shape(largest);
    let mut inputs = Vec::new();
    for i in 0..6 {
        let shape = match i {
            0 | 1 => shared.clone(),
            2 => [2].as_slice().into(),
            3 if !shared.is_empty() => shared[1..].into(),
            4 => [1 + choices.next(largest)].as_slice().into(),
            _ => choices.shape(largest),
        };
        let dtype = match i {
            0 | 1 if choices.next(2) == 0 => DType::F32,
            2 => DType::U32,
            4 => DType::I32,
            _ => choices.pick(&DTYPES),
        };
        let ty = Type::new(&shape, dtype);
        inputs.push(choices.values(&ty));
        graph.push(GraphNode { op: Op::Input, operands: SmallVec::new(), ty });
    }
    let mut attempts = 0;
    while graph.nodes.len() < size + 6 && attempts < 20 * size {
        attempts += 1;
        let (op, operands) = operation(&mut choices, &graph, largest);
        let types: Vec<&Type> = operands.iter().map(|&id| &graph.node(id).ty).collect();
        if let Ok(ty) = infer(&op, &types)
            && ty.shape.size() <= 60_000
            && ty.shape.len() <= 5
        {
            graph.push(GraphNode { op, operands, ty });
        }
    }
    let count = graph.nodes.len();
    graph.outputs = (0..4).map(|_| (count - 1 - choices.next(count.min(8))) as Id).collect();
    (graph, inputs)
}
