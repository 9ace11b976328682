//! The shape rule of each operation: the type of its result from the types of its operands. The only place where operands
//! are checked.

use crate::dtype::DType;
use crate::error::Problem;
use crate::graph::op::{Binary, DotDimensions, Op, Pad, Reduction, Slice, Unary};
use crate::shape::{Axes, Shape, Type};
use crate::window::WindowAxis;

/// The type of the result of `op`, or the reason why it cannot take the operands.
pub(crate) fn infer(op: &Op, operands: &[&Type]) -> Result<Type, Problem> {
    let ty = infer_unbounded(op, operands)?;
    if !ty.fits() {
        return Err(shape(format!("the result {ty} is larger than any memory")));
    }
    Ok(ty)
}

fn infer_unbounded(op: &Op, operands: &[&Type]) -> Result<Type, Problem> {
    use DType::{Bool, I32, U32};
    expect_operands(op, operands)?;
    let shape_of = |i: usize| &operands[i].shape;
    let dtype_of = |i: usize| operands[i].dtype;
    Ok(match op {
        Op::Input => return Err(shape("the type of an input cannot be inferred".to_owned())),
        Op::Constant(literal) => Type::new([], literal.dtype()),
        Op::Iota { shape: result, axis, dtype } => {
            axis_in(*axis, result.len())?;
            Type::new(result, *dtype)
        }
        Op::Identity | Op::StopGradient => operands[0].clone(),
        Op::Unary(unary) => infer_unary(*unary, operands[0])?,
        Op::Binary(binary) => {
            same_shapes(operands)?;
            same_dtypes(operands)?;
            binary_dtype(*binary, dtype_of(0))?;
            operands[0].clone()
        }
        Op::Compare(_) => {
            same_shapes(operands)?;
            same_dtypes(operands)?;
            Type::new(shape_of(0), Bool)
        }
        Op::Select => {
            same_shapes(operands)?;
            same_dtypes(&operands[1..])?;
            if dtype_of(0) != Bool {
                return Err(Problem::DType("a bool predicate"));
            }
            operands[1].clone()
        }
        Op::MulAdd => {
            same_shapes(operands)?;
            same_dtypes(operands)?;
            float(dtype_of(0))?;
            operands[0].clone()
        }
        Op::Convert(dtype) => Type::new(shape_of(0), *dtype),
        Op::BitcastConvert(dtype) => {
            if dtype_of(0).size() != dtype.size() {
                return Err(Problem::DType("dtypes of the same size"));
            }
            Type::new(shape_of(0), *dtype)
        }
        Op::BroadcastInDim { shape: result, axes } => {
            broadcast_axes(shape_of(0), result, axes)?;
            Type::new(result, dtype_of(0))
        }
        Op::Reshape(result) => {
            if result.size() != shape_of(0).size() {
                return Err(shape(format!("{} elements cannot fill shape {result}", shape_of(0).size())));
            }
            Type::new(result, dtype_of(0))
        }
        Op::Transpose(permutation) => {
            let mut sorted = permutation.clone();
            sorted.sort_unstable();
            if !sorted.iter().copied().eq(0..shape_of(0).len()) {
                return Err(shape(format!(
                    "{permutation:?} is not a permutation of the operand's {} axes",
                    shape_of(0).len()
                )));
            }
            let result: Shape = permutation.iter().map(|&axis| shape_of(0)[axis]).collect();
            Type::new(result, dtype_of(0))
        }
        Op::Reduce { kind, axes } => {
            distinct_axes(axes, shape_of(0).len())?;
            let logical = matches!(kind, Reduction::All | Reduction::Any);
            if logical != (dtype_of(0) == Bool) {
                return Err(Problem::DType(if logical { "bool" } else { "numbers" }));
            }
            Type::new(without(shape_of(0), axes), dtype_of(0))
        }
        Op::ReduceWindow { kind, windows } => {
            if !matches!(kind, Reduction::Sum | Reduction::Max | Reduction::Min) {
                return Err(shape("windows are reduced by sum, maximum or minimum only".to_owned()));
            }
            if dtype_of(0) == Bool {
                return Err(Problem::DType("numbers"));
            }
            Type::new(windowed(windows, shape_of(0))?, dtype_of(0))
        }
        Op::ArgReduceWindow { windows, .. } => {
            if i32::try_from(shape_of(0).size()).is_err() {
                return Err(shape("the operand has more elements than an i32 can count".to_owned()));
            }
            Type::new(windowed(windows, shape_of(0))?, I32)
        }
        Op::ArgReduce { axis, .. } => {
            axis_in(*axis, shape_of(0).len())?;
            if shape_of(0)[*axis] == 0 {
                return Err(shape(format!("axis {axis} is empty, so it has no extremum")));
            }
            Type::new(without(shape_of(0), &[*axis]), I32)
        }
        Op::DotGeneral(dimensions) => infer_dot(dimensions, operands[0], operands[1])?,
        Op::Convolution(windows) => infer_convolution(windows, operands[0], operands[1])?,
        Op::Slice(slice) => {
            let Slice { starts, limits, strides } = &**slice;
            let from = shape_of(0);
            if starts.len() != from.len() || limits.len() != from.len() || strides.len() != from.len() {
                return Err(shape(format!(
                    "a slice needs one start, limit and stride for each of the operand's {} axes",
                    from.len()
                )));
            }
            let mut result = Axes::new();
            for axis in 0..from.len() {
                let (start, limit, stride) = (starts[axis], limits[axis], strides[axis]);
                if start > limit || limit > from[axis] || stride == 0 {
                    return Err(shape(format!(
                        "{start}..{limit} by {stride} does not lie in axis {axis} of extent {}",
                        from[axis]
                    )));
                }
                result.push((limit - start).div_ceil(stride));
            }
            Type::new(result, dtype_of(0))
        }
        Op::Pad(pad) => {
            let Pad { low, high, interior } = &**pad;
            let from = shape_of(0);
            same_dtypes(operands)?;
            if !shape_of(1).is_empty() {
                return Err(shape("the padding value is not a scalar".to_owned()));
            }
            if [low, high, interior].iter().any(|amounts| amounts.len() != from.len()) {
                return Err(shape(format!(
                    "padding needs one amount for each of the operand's {} axes",
                    from.len()
                )));
            }
            let result: Shape = (0..from.len())
                .map(|axis| {
                    let between = from[axis].saturating_sub(1).saturating_mul(interior[axis]);
                    [low[axis], between, high[axis]]
                        .iter()
                        .fold(from[axis], |sum, &more| sum.saturating_add(more))
                })
                .collect();
            Type::new(result, dtype_of(0))
        }
        Op::Concatenate { axis } => {
            same_dtypes(operands)?;
            let first = shape_of(0);
            axis_in(*axis, first.len())?;
            let mut extent = 0;
            for ty in operands {
                let fits = ty.shape.len() == first.len()
                    && (0..first.len()).all(|i| i == *axis || ty.shape[i] == first[i]);
                if !fits {
                    return Err(shape(format!(
                        "{} and {} differ on an axis other than axis {axis}",
                        first, ty.shape
                    )));
                }
                extent = ty.shape[*axis].saturating_add(extent);
            }
            let result: Shape =
                first.iter().enumerate().map(|(i, &n)| if i == *axis { extent } else { n }).collect();
            Type::new(result, dtype_of(0))
        }
        Op::Reverse { axes } => {
            distinct_axes(axes, shape_of(0).len())?;
            operands[0].clone()
        }
        Op::Gather { axis } => {
            indices_for(*axis, operands)?;
            let (from, indices) = (shape_of(0), shape_of(1));
            if from[*axis] == 0 && indices.size() > 0 {
                return Err(shape(format!("axis {axis} is empty, so no index lies in it")));
            }
            Type::new(spliced(from, *axis, indices), dtype_of(0))
        }
        Op::Scatter { axis, .. } => {
            indices_for(*axis, operands)?;
            same_dtypes(&[operands[0], operands[2]])?;
            let expected = spliced(shape_of(0), *axis, shape_of(1));
            if expected != *shape_of(2) {
                return Err(shape(format!("the updates have shape {}, expected {expected}", shape_of(2))));
            }
            operands[0].clone()
        }
        Op::DynamicSlice { sizes } => {
            starts_for(operands[0], operands[1])?;
            part_of(shape_of(0), sizes)?;
            Type::new(sizes, dtype_of(0))
        }
        Op::DynamicUpdateSlice => {
            same_dtypes(&operands[..2])?;
            starts_for(operands[0], operands[2])?;
            part_of(shape_of(0), shape_of(1))?;
            operands[0].clone()
        }
        Op::TopK { axis, k } => {
            axis_in(*axis, shape_of(0).len())?;
            let mut result: Axes = shape_of(0)[..].into();
            if *k > result[*axis] {
                return Err(shape(format!("axis {axis} has {} elements, fewer than {k}", result[*axis])));
            }
            result[*axis] = *k;
            Type::new(result, I32)
        }
        Op::ArgSort { axis } => {
            axis_in(*axis, shape_of(0).len())?;
            Type::new(shape_of(0), I32)
        }
        Op::CumulativeSum { axis, .. } => {
            axis_in(*axis, shape_of(0).len())?;
            if dtype_of(0) == Bool {
                return Err(Problem::DType("numbers"));
            }
            operands[0].clone()
        }
        Op::RngBits(result) => {
            key(operands[0])?;
            Type::new(result, U32)
        }
        Op::RngSplit { count, .. } => {
            key(operands[0])?;
            Type::new([*count, 2], U32)
        }
    })
}

/// Checks the number of operands.
fn expect_operands(op: &Op, operands: &[&Type]) -> Result<(), Problem> {
    let expected = match op {
        Op::Input | Op::Constant(_) | Op::Iota { .. } => 0,
        Op::Identity
        | Op::StopGradient
        | Op::Unary(_)
        | Op::Convert(_)
        | Op::BitcastConvert(_)
        | Op::BroadcastInDim { .. }
        | Op::Reshape(_)
        | Op::Transpose(_)
        | Op::Reduce { .. }
        | Op::ReduceWindow { .. }
        | Op::ArgReduceWindow { .. }
        | Op::ArgReduce { .. }
        | Op::Slice(_)
        | Op::Reverse { .. }
        | Op::ArgSort { .. }
        | Op::TopK { .. }
        | Op::CumulativeSum { .. }
        | Op::RngBits(_)
        | Op::RngSplit { .. } => 1,
        Op::Binary(_)
        | Op::Compare(_)
        | Op::DotGeneral(_)
        | Op::Convolution(_)
        | Op::Pad(_)
        | Op::DynamicSlice { .. }
        | Op::Gather { .. } => 2,
        Op::Select | Op::MulAdd | Op::Scatter { .. } | Op::DynamicUpdateSlice => 3,
        Op::Concatenate { .. } => operands.len().max(1),
    };
    if operands.len() == expected {
        Ok(())
    } else {
        Err(shape(format!("it takes {expected} operands, found {}", operands.len())))
    }
}

fn infer_unary(unary: Unary, operand: &Type) -> Result<Type, Problem> {
    match unary {
        Unary::Abs | Unary::Neg | Unary::Sign if operand.dtype == DType::Bool => {
            return Err(Problem::DType("numbers"));
        }
        Unary::Not if operand.dtype.is_float() => return Err(Problem::DType("bool or integers")),
        Unary::IsFinite => {
            float(operand.dtype)?;
            return Ok(Type::new(&operand.shape, DType::Bool));
        }
        _ if unary.needs_float() => float(operand.dtype)?,
        _ => {}
    }
    Ok(operand.clone())
}

fn binary_dtype(binary: Binary, dtype: DType) -> Result<(), Problem> {
    let (fits, expected) = match binary {
        Binary::Add | Binary::Sub | Binary::Mul | Binary::Div | Binary::Rem => {
            (dtype != DType::Bool, "numbers")
        }
        Binary::Pow | Binary::Atan2 => (dtype.is_float(), "floats"),
        Binary::Max | Binary::Min => (true, ""),
        Binary::And | Binary::Or | Binary::Xor => (!dtype.is_float(), "bool or integers"),
        Binary::ShiftLeft | Binary::ShiftRight => (dtype.is_integer(), "integers"),
    };
    if fits { Ok(()) } else { Err(Problem::DType(expected)) }
}

fn infer_dot(dimensions: &DotDimensions, lhs: &Type, rhs: &Type) -> Result<Type, Problem> {
    same_dtypes(&[lhs, rhs])?;
    if lhs.dtype == DType::Bool {
        return Err(Problem::DType("numbers"));
    }
    let DotDimensions { lhs_contracting, rhs_contracting, lhs_batch, rhs_batch } = dimensions;
    for (axes, more, rank) in
        [(lhs_contracting, lhs_batch, lhs.shape.len()), (rhs_contracting, rhs_batch, rhs.shape.len())]
    {
        distinct_axes(&axes.iter().chain(more).copied().collect::<Axes>(), rank)?;
    }
    for (lhs_axes, rhs_axes, role) in
        [(lhs_contracting, rhs_contracting, "contracting"), (lhs_batch, rhs_batch, "batch")]
    {
        if lhs_axes.len() != rhs_axes.len() {
            return Err(shape(format!(
                "{} {role} axes on the left, {} on the right",
                lhs_axes.len(),
                rhs_axes.len()
            )));
        }
        for (&l, &r) in lhs_axes.iter().zip(rhs_axes) {
            if lhs.shape[l] != rhs.shape[r] {
                return Err(shape(format!(
                    "{role} axis {l} of the left is {}, axis {r} of the right is {}",
                    lhs.shape[l], rhs.shape[r]
                )));
            }
        }
    }
    let (lhs_free, rhs_free) = dimensions.free_axes(lhs.shape.len(), rhs.shape.len());
    let result: Shape = lhs_batch
        .iter()
        .chain(&lhs_free)
        .map(|&axis| lhs.shape[axis])
        .chain(rhs_free.iter().map(|&axis| rhs.shape[axis]))
        .collect();
    Ok(Type::new(result, lhs.dtype))
}

/// The number of window positions along each axis.
fn windowed(windows: &[WindowAxis], from: &Shape) -> Result<Axes, Problem> {
    if windows.len() != from.len() {
        return Err(shape(format!("{} windows for {} axes", windows.len(), from.len())));
    }
    windows.iter().zip(&from[..]).map(|(window, &extent)| window.places(extent).map_err(shape)).collect()
}

/// Checks that `starts` has one start for each axis of `operand`.
fn starts_for(operand: &Type, starts: &Type) -> Result<(), Problem> {
    if starts.dtype != DType::I32 {
        return Err(Problem::DType("starts of type i32"));
    }
    let rank = operand.shape.len();
    if starts.shape[..] != [rank] {
        return Err(shape(format!("the operand has {rank} axes, the starts have shape {}", starts.shape)));
    }
    Ok(())
}

/// Checks that an array of shape `part` fits into one of shape `whole`.
fn part_of(whole: &Shape, part: &[usize]) -> Result<(), Problem> {
    if part.len() == whole.len() && part.iter().zip(&whole[..]).all(|(part, whole)| part <= whole) {
        Ok(())
    } else {
        Err(shape(format!("a part of shape {part:?} does not fit into shape {whole}")))
    }
}

/// The rule for `[batch, spatial.., groups, in]` by `[spatial.., groups, in, out]`.
fn infer_convolution(windows: &[WindowAxis], operand: &Type, kernel: &Type) -> Result<Type, Problem> {
    same_dtypes(&[operand, kernel])?;
    if operand.dtype == DType::Bool {
        return Err(Problem::DType("numbers"));
    }
    let (from, by) = (&operand.shape, &kernel.shape);
    let spatial = windows.len();
    if from.len() != spatial + 3 || by.len() != spatial + 3 {
        return Err(shape(format!("{spatial} spatial axes need operands with {} axes", spatial + 3)));
    }
    if from[spatial + 1..] != by[spatial..spatial + 2] {
        return Err(shape("their groups and input features differ".to_owned()));
    }
    let mut result: Axes = [from[0]].as_slice().into();
    for (axis, window) in windows.iter().enumerate() {
        if window.size != by[axis] {
            return Err(shape(format!(
                "the window has {} elements on a spatial axis, the kernel {}",
                window.size, by[axis]
            )));
        }
        result.push(window.places(from[axis + 1]).map_err(shape)?);
    }
    result.extend([by[spatial], by[spatial + 2]]);
    Ok(Type::new(result, operand.dtype))
}

/// `shape` with `axis` replaced by the axes of `inner`.
pub(crate) fn spliced(shape: &Shape, axis: usize, inner: &Shape) -> Shape {
    shape[..axis].iter().chain(&inner[..]).chain(&shape[axis + 1..]).copied().collect()
}

/// `shape` without `axes`.
pub(crate) fn without(shape: &Shape, axes: &[usize]) -> Shape {
    shape.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, &extent)| extent).collect()
}

fn broadcast_axes(from: &Shape, to: &Shape, axes: &Axes) -> Result<(), Problem> {
    if axes.len() != from.len() {
        return Err(shape(format!(
            "{} target axes are given, the operand has {} axes",
            axes.len(),
            from.len()
        )));
    }
    if axes.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(shape(format!("target axes {axes:?} are not in ascending order")));
    }
    for (&extent, &axis) in from.iter().zip(axes) {
        axis_in(axis, to.len())?;
        if extent != 1 && extent != to[axis] {
            return Err(shape(format!("an axis of extent {extent} cannot become axis {axis} of {to}")));
        }
    }
    Ok(())
}

fn indices_for(axis: usize, operands: &[&Type]) -> Result<(), Problem> {
    axis_in(axis, operands[0].shape.len())?;
    if operands[1].dtype != DType::I32 {
        return Err(Problem::DType("indices of type i32"));
    }
    Ok(())
}

fn key(operand: &Type) -> Result<(), Problem> {
    if operand.dtype != DType::U32 {
        return Err(Problem::DType("a key of type u32"));
    }
    if operand.shape[..] != [2] {
        return Err(shape("a key needs two words, u32[2]".to_owned()));
    }
    Ok(())
}

fn float(dtype: DType) -> Result<(), Problem> {
    if dtype.is_float() { Ok(()) } else { Err(Problem::DType("floats")) }
}

fn same_shapes(operands: &[&Type]) -> Result<(), Problem> {
    if operands.windows(2).all(|pair| pair[0].shape == pair[1].shape) {
        Ok(())
    } else {
        Err(shape("their shapes differ".to_owned()))
    }
}

fn same_dtypes(operands: &[&Type]) -> Result<(), Problem> {
    if operands.windows(2).all(|pair| pair[0].dtype == pair[1].dtype) {
        Ok(())
    } else {
        Err(Problem::DType("operands of one dtype"))
    }
}

fn axis_in(axis: usize, rank: usize) -> Result<(), Problem> {
    if axis < rank { Ok(()) } else { Err(shape(format!("there is no axis {axis} among {rank} axes"))) }
}

fn distinct_axes(axes: &[usize], rank: usize) -> Result<(), Problem> {
    for (i, &axis) in axes.iter().enumerate() {
        axis_in(axis, rank)?;
        if axes[..i].contains(&axis) {
            return Err(shape(format!("axis {axis} is named twice")));
        }
    }
    Ok(())
}

fn shape(problem: String) -> Problem {
    Problem::Shape(problem)
}
