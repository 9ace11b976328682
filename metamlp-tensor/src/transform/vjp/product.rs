//! The gradient of a product over axes: the product of the other elements, without a division.

use crate::dtype::DType;
use crate::graph::node::Tensor;
use crate::shape::Axes;

/// `ct` times the product of the other elements along `axes`.
///
/// The elements are multiplied in pairs, first half by second half, until one is left, as in JAX. On the way back each
/// element gets what its product has got, times its partner. That is exact at zeros and infinities, and so are the
/// derivatives of it. It takes a number of operations in proportion to the elements, in a graph that grows with their
/// logarithm. `f64` holds intermediate products that the dtype of `x` does not.
pub(super) fn vjp(axes: &Axes, x: &Tensor, ct: &Tensor) -> Tensor {
    let kept: Axes = (0..x.rank()).filter(|axis| !axes.contains(axis)).collect();
    let order: Axes = axes.iter().chain(&kept).copied().collect();
    let count: usize = axes.iter().map(|&axis| x.shape()[axis]).product();
    if x.size() == 0 {
        return x.zeros_like();
    }
    let wide = x.transpose(&order);
    let arranged: Axes = wide.shape().into();
    // [elements, others..]
    let lines = |tensor: &Tensor, count: usize| {
        let shape: Axes = [count].into_iter().chain(ct.shape().iter().copied()).collect();
        tensor.convert(DType::F64).reshape(shape)
    };
    let mut levels = vec![lines(&wide, count)];
    while let Some(level) = levels.last()
        && level.shape()[0] > 1
    {
        let (half, count) = (level.shape()[0].div_ceil(2), level.shape()[0]);
        let next = multiplied(&part(level, 0, half), &part(level, half, count));
        levels.push(next);
    }
    levels.pop();
    let mut shares = lines(ct, 1);
    while let Some(level) = levels.pop() {
        let half = level.shape()[0].div_ceil(2);
        let (first, second) = (part(&level, 0, half), part(&level, half, level.shape()[0]));
        let pairs = second.shape()[0];
        let to_first = multiplied(&shares, &second);
        let to_second = part(&shares, 0, pairs) * part(&first, 0, pairs);
        shares = Tensor::concatenate(&[to_first, to_second], 0);
    }
    let mut back = Axes::from_elem(0, order.len());
    for (place, &axis) in order.iter().enumerate() {
        back[axis] = place;
    }
    shares.reshape(arranged).transpose(back).convert(x.dtype())
}

/// The products of neighbours. An element of `lhs` without a partner stays as it is.
fn multiplied(lhs: &Tensor, rhs: &Tensor) -> Tensor {
    let (count, pairs) = (lhs.shape()[0], rhs.shape()[0]);
    if count == pairs {
        return lhs * rhs;
    }
    Tensor::concatenate(&[part(lhs, 0, pairs) * rhs, part(lhs, pairs, count)], 0)
}

/// The elements `start..limit`.
fn part(of: &Tensor, start: usize, limit: usize) -> Tensor {
    if (start, limit) == (0, of.shape()[0]) { of.clone() } else { of.slice_axis(0, start, limit) }
}
