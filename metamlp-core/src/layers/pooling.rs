//! Pooling over windows of the spatial axes. Channels are last.

use metamlp_tensor::{DType, Error, Padding, Tensor, Window};

use super::Sizes;
use super::fields::check;
use crate::argument::{invalid, refuse};

/// The window of a pooling: its shape, strides and padding.
///
/// ```
/// use metamlp::prelude::*;
/// use metamlp::Pooling;
/// let images = Tensor::ones([8, 28, 28, 3], F32);
/// assert_eq!(max_pool(&images, &Pooling::new([2, 2]).strides([2, 2])).shape(), [8, 14, 14, 3]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Pooling {
    window_shape: Sizes,
    strides: Sizes,
    padding: Padding,
    count_include_pad: bool,
}

impl Pooling {
    /// Windows with one extent per spatial axis. Their number is the number of spatial axes.
    pub fn new(window_shape: impl Into<Sizes>) -> Self {
        Self {
            window_shape: window_shape.into(),
            strides: Sizes::from(1),
            padding: Padding::Valid,
            count_include_pad: true,
        }
    }

    /// Window strides. Default: 1, as in Flax, so that windows overlap.
    pub fn strides(mut self, strides: impl Into<Sizes>) -> Self {
        self.strides = strides.into();
        self
    }

    /// Padding of the spatial axes; padded elements are neutral for the reduction. Default:
    /// [`Padding::Valid`].
    pub fn padding(mut self, padding: impl Into<Padding>) -> Self {
        self.padding = padding.into();
        self
    }

    /// If true, padding counts as zeros in a mean. Default: `true`.
    pub fn count_include_pad(mut self, count_include_pad: bool) -> Self {
        self.count_include_pad = count_include_pad;
        self
    }

    /// Checks the options; returns the window over all axes of `x`.
    #[track_caller]
    fn window(&self, name: &'static str, x: &Tensor) -> Result<Window, Error> {
        check::sizes(name, "window_shape", &self.window_shape)?;
        let spatial = self.window_shape.len();
        let strides = check::per_axis(name, "strides", &self.strides, spatial)?;
        let Some(batch) = x.rank().checked_sub(spatial + 1) else {
            let expected =
                format!("[batch.., {spatial} spatial axes, features], by the length of window_shape");
            return Err(invalid(name, "the input's shape", format!("{:?}", x.shape()), expected));
        };
        let on_all_axes = |of: &[usize]| [&vec![1; batch], of, &[1]].concat();
        let padding = match &self.padding {
            Padding::Explicit(amounts) if amounts.len() != spatial => {
                let expected = format!("one for each of the {spatial} spatial axes");
                return Err(invalid(name, "padding", format!("{amounts:?}"), expected));
            }
            Padding::Explicit(amounts) => {
                Padding::Explicit([&vec![(0, 0); batch], &amounts[..], &[(0, 0)]].concat())
            }
            named => named.clone(),
        };
        Ok(Window::new(on_all_axes(&self.window_shape)).strides(on_all_axes(&strides)).padding(padding))
    }
}

/// Average pooling (Flax's `avg_pool`): `[batch.., spatial.., features]` to
/// `[batch.., windows.., features]`, with any number of batch axes.
///
/// ```
/// use metamlp::prelude::*;
/// use metamlp::Pooling;
/// let x = Tensor::from_vec([1, 4, 1], vec![1.0f32, 3.0, 5.0, 9.0]);
/// assert_eq!(avg_pool(&x, &Pooling::new(2).strides(2)).to_vec::<f32>()?, [2.0, 7.0]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn avg_pool(x: &Tensor, pooling: &Pooling) -> Tensor {
    let window = match pooling.window("avg_pool", x) {
        Ok(window) => window,
        Err(error) => return refuse(x, error),
    };
    // With 16-bit floats neither a sum nor a count must be rounded before the quotient.
    let numbers = if x.dtype().is_half() { x.convert(DType::F32) } else { x.clone() };
    let sums = numbers.reduce_window_sum(&window);
    let means = if pooling.count_include_pad {
        let size: f64 = pooling.window_shape.iter().map(|&extent| extent as f64).product();
        sums / size
    } else {
        sums / numbers.ones_like().reduce_window_sum(&window)
    };
    if x.dtype().is_half() { means.convert(x.dtype()) } else { means }
}

/// Max pooling (Flax's `max_pool`): `[batch.., spatial.., features]` to `[batch.., windows.., features]`,
/// with any number of batch axes.
///
/// Among equal elements the first gets the whole gradient.
#[track_caller]
#[must_use]
pub fn max_pool(x: &Tensor, pooling: &Pooling) -> Tensor {
    match pooling.window("max_pool", x) {
        Ok(window) => x.reduce_window_max(&window),
        Err(error) => refuse(x, error),
    }
}

/// Min pooling (Flax's `min_pool`), as [`max_pool`].
#[track_caller]
#[must_use]
pub fn min_pool(x: &Tensor, pooling: &Pooling) -> Tensor {
    match pooling.window("min_pool", x) {
        Ok(window) => x.reduce_window_min(&window),
        Err(error) => refuse(x, error),
    }
}
