//! The geometry of a convolution: checks the fields that convolutional layers share and resolves their
//! padding.

use metamlp_tensor::{Error, Tensor};

use super::padding::{ConvPadding, pad_by, reflected, wrapped};
use crate::argument::invalid;
use crate::layers::Sizes;
use crate::layers::fields::check;

/// The fields that define the geometry.
pub(super) struct Spatial<'a> {
    pub(super) layer: &'static str,
    pub(super) kernel_size: &'a Sizes,
    pub(super) strides: &'a Sizes,
    pub(super) padding: &'a ConvPadding,
    pub(super) input_dilation: &'a Sizes,
    pub(super) kernel_dilation: &'a Sizes,
}

/// The resolved geometry, one entry per spatial axis, and the input with one batch axis, padded already
/// if the padding is not of zeros.
#[derive(Debug)]
pub(super) struct Moves {
    pub(super) input: Tensor,
    /// The batch axes of the original input.
    pub(super) batch: Vec<usize>,
    pub(super) kernel_size: Vec<usize>,
    pub(super) strides: Vec<usize>,
    pub(super) padding: Vec<(isize, isize)>,
    pub(super) input_dilation: Vec<usize>,
    pub(super) kernel_dilation: Vec<usize>,
    /// The spatial shape of the output.
    pub(super) places: Vec<usize>,
}

impl Spatial<'_> {
    #[track_caller]
    pub(super) fn moves(&self, x: &Tensor) -> Result<Moves, Error> {
        let Self { layer, kernel_size, .. } = *self;
        check::sizes(layer, "kernel_size", kernel_size)?;
        let rank = kernel_size.len();
        let strides = check::per_axis(layer, "strides", self.strides, rank)?;
        let input_dilation = check::per_axis(layer, "input_dilation", self.input_dilation, rank)?;
        let kernel_dilation = check::per_axis(layer, "kernel_dilation", self.kernel_dilation, rank)?;
        let (mut input, batch) = one_batch_axis(layer, x, rank)?;

        let reach =
            |axis: usize| (kernel_size[axis] - 1).saturating_mul(kernel_dilation[axis]).saturating_add(1);
        let mut padding = vec![(0, 0); rank];
        match self.padding.explicit(layer, rank)? {
            Some(amounts) => padding = amounts,
            None if input_dilation.iter().any(|dilation| *dilation != 1) => {
                let expected = "amounts, where input_dilation is not 1";
                return Err(invalid(layer, "padding", self.padding, expected));
            }
            None => {
                for axis in 0..rank {
                    let (extent, reach) = (input.shape()[axis + 1], reach(axis));
                    check::size(layer, "kernel_dilation", reach)?;
                    padding[axis] = self.zeros(rank, extent, reach, strides[axis])?;
                    let around = ((reach - 1) / 2, reach / 2);
                    match self.padding {
                        ConvPadding::Circular => input = pad_by(&input, axis + 1, around, wrapped),
                        ConvPadding::Reflect => input = pad_by(&input, axis + 1, around, reflected),
                        _ => {}
                    }
                }
            }
        }
        let mut places = Vec::with_capacity(rank);
        for axis in 0..rank {
            let extent = (input.shape()[axis + 1] as i128 - 1) * input_dilation[axis] as i128 + 1;
            let (low, high) = padding[axis];
            let padded = extent + low as i128 + high as i128;
            let free = padded - reach(axis) as i128;
            match usize::try_from(free / strides[axis] as i128 + 1) {
                Ok(found) if free >= 0 => places.push(found),
                _ => {
                    let expected =
                        format!("no more than the {padded} elements of spatial axis {axis}, with padding");
                    let found = format!("{kernel_size}, a reach of {}", reach(axis));
                    return Err(invalid(layer, "kernel_size", found, expected));
                }
            }
        }
        let kernel_size = kernel_size.to_vec();
        Ok(Moves { input, batch, kernel_size, strides, padding, input_dilation, kernel_dilation, places })
    }

    /// The zeros (before, after) of an axis.
    #[track_caller]
    fn zeros(
        &self,
        rank: usize,
        extent: usize,
        reach: usize,
        stride: usize,
    ) -> Result<(isize, isize), Error> {
        match self.padding {
            ConvPadding::Same => {
                let covered = (extent.div_ceil(stride) - 1).saturating_mul(stride).saturating_add(reach);
                let total = covered.saturating_sub(extent).cast_signed();
                Ok((total / 2, total - total / 2))
            }
            ConvPadding::Causal if rank == 1 => Ok((reach.cast_signed() - 1, 0)),
            ConvPadding::Causal => {
                let expected = format!("another padding for {rank} spatial axes: Causal is for one");
                Err(invalid(self.layer, "padding", self.padding, expected))
            }
            _ => Ok((0, 0)),
        }
    }
}

/// Reshapes `[batch.., spatial.., features]` to one batch axis; returns the original batch axes too.
#[track_caller]
pub(super) fn one_batch_axis(
    layer: &'static str,
    x: &Tensor,
    spatial_axes: usize,
) -> Result<(Tensor, Vec<usize>), Error> {
    let found = || format!("{:?}", x.shape());
    let Some(batch_axes) = x.rank().checked_sub(spatial_axes + 1) else {
        let expected =
            format!("[batch.., {spatial_axes} spatial axes, features], by the length of kernel_size");
        return Err(invalid(layer, "the input's shape", found(), expected));
    };
    let (batch, rest) = x.shape().split_at(batch_axes);
    if rest.contains(&0) {
        return Err(invalid(layer, "the input's shape", found(), "at least 1 along each axis but the batch"));
    }
    Ok((x.reshape([&[batch.iter().product()], rest].concat()), batch.to_vec()))
}

/// Restores the batch axes of a result.
pub(super) fn with_batch(y: &Tensor, batch: &[usize]) -> Tensor {
    y.reshape([batch, &y.shape()[1..]].concat())
}

/// Checks that the mask has the shape of the kernel.
#[track_caller]
pub(super) fn check_mask(layer: &'static str, mask: Option<&Tensor>, shape: &[usize]) -> Result<(), Error> {
    match mask {
        Some(mask) if mask.shape() != shape => Err(invalid(
            layer,
            "mask",
            format!("{:?}", mask.shape()),
            format!("{shape:?}, the shape of the kernel"),
        )),
        _ => Ok(()),
    }
}
