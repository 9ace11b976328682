//! Checks of layers' fields and inputs. Each returns an error that names the layer and the field.

use metamlp_tensor::{DType, Error, Tensor};

use super::{AxisList, Sizes};
use crate::argument::invalid;

/// The largest extent of an axis: the product of two does not overflow.
const GREATEST: usize = u32::MAX as usize;

/// Checks an extent: 1 to `GREATEST`.
#[track_caller]
pub(in crate::layers) fn size(layer: &'static str, field: &'static str, found: usize) -> Result<(), Error> {
    match found {
        1..=GREATEST => Ok(()),
        _ => Err(invalid(layer, field, found, format!("1 to {GREATEST}"))),
    }
}

/// Checks extents: one or more, each at least 1.
#[track_caller]
pub(in crate::layers) fn sizes(layer: &'static str, field: &'static str, found: &Sizes) -> Result<(), Error> {
    if found.is_empty() {
        return Err(invalid(layer, field, "empty", "one extent or more"));
    }
    // Not a closure: the error must name the caller's line.
    for &extent in found.iter() {
        size(layer, field, extent)?;
    }
    Ok(())
}

/// Checks that `dtype` and `param_dtype` are float dtypes.
#[track_caller]
pub(in crate::layers) fn dtypes(
    layer: &'static str,
    dtype: Option<DType>,
    param_dtype: DType,
) -> Result<(), Error> {
    for (field, dtype) in [("dtype", dtype), ("param_dtype", Some(param_dtype))] {
        if let Some(dtype) = dtype.filter(|dtype| !dtype.is_float()) {
            return Err(invalid(layer, field, dtype, "a float, f32 for instance"));
        }
    }
    Ok(())
}

/// Checks `epsilon`: finite and not negative.
#[track_caller]
pub(in crate::layers) fn epsilon(layer: &'static str, found: f64) -> Result<(), Error> {
    if found >= 0.0 && found.is_finite() {
        return Ok(());
    }
    Err(invalid(layer, "epsilon", found, "a finite number, not negative"))
}

/// Checks a fraction: 0 to 1.
#[track_caller]
pub(in crate::layers) fn fraction(layer: &'static str, field: &'static str, found: f64) -> Result<(), Error> {
    if (0.0..=1.0).contains(&found) {
        return Ok(());
    }
    Err(invalid(layer, field, found, "0 to 1"))
}

/// Checks that the axes of `x` exist and are distinct; returns them counted from the front, sorted.
#[track_caller]
pub(in crate::layers) fn axes(
    layer: &'static str,
    field: &'static str,
    axes: &AxisList,
    x: &Tensor,
) -> Result<Vec<usize>, Error> {
    let rank = x.rank();
    let mut found = Vec::with_capacity(axes.len());
    for &axis in axes.iter() {
        let from_front = if axis < 0 { axis.checked_add_unsigned(rank) } else { Some(axis) };
        match from_front.and_then(|axis| usize::try_from(axis).ok()) {
            Some(axis) if axis < rank && !found.contains(&axis) => found.push(axis),
            _ => {
                let expected = format!("distinct axes of the input, {}{:?}", x.dtype(), x.shape());
                return Err(invalid(layer, field, axes, expected));
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Checks that the input has a last axis of extent 1 or more; returns its extent.
#[track_caller]
pub(in crate::layers) fn last_axis(layer: &'static str, x: &Tensor) -> Result<usize, Error> {
    match x.shape().last() {
        None => Err(invalid(layer, "the input's rank", 0, "at least 1")),
        Some(0) => Err(invalid(layer, "the input's last axis", 0, "at least 1")),
        Some(&extent) => Ok(extent),
    }
}

/// Expands one number, or `rank` numbers, to one per axis.
#[track_caller]
pub(in crate::layers) fn per_axis(
    layer: &'static str,
    field: &'static str,
    found: &Sizes,
    rank: usize,
) -> Result<Vec<usize>, Error> {
    sizes(layer, field, found)?;
    match found[..] {
        [one] => Ok(vec![one; rank]),
        _ if found.len() == rank => Ok(found.to_vec()),
        _ => Err(invalid(layer, field, found, format!("one number, or {rank}"))),
    }
}
