//! A table of indices, rules for those out of range, and operations, against a plain oracle.

use metamlp_tensor::{F32, I32, OutOfRange, Result, Tensor, U32};

const SIGNED: [i32; 14] =
    [0, 1, 2, 3, 4, -1, -3, -4, -5, 1 << 30, i32::MIN, i32::MIN + 1, i32::MAX - 1, i32::MAX];
const UNSIGNED: [u32; 12] =
    [0, 1, 2, 3, 4, 1 << 30, (1 << 31) - 1, 1 << 31, (1 << 31) + 1, u32::MAX - 2, u32::MAX - 1, u32::MAX];
const EXTENT: i64 = 3;

/// Each index as an `i64`, and as a tensor of one element.
fn table() -> Vec<(i64, Tensor)> {
    let signed = SIGNED.map(|index| (i64::from(index), Tensor::from_vec([1], vec![index])));
    let unsigned = UNSIGNED.map(|index| (i64::from(index), Tensor::from_vec([1], vec![index])));
    signed.into_iter().chain(unsigned).collect()
}

/// The place of an index of which negative ones count from the end.
fn from_end(index: i64, extent: i64) -> Option<usize> {
    let place = if index < 0 { index + extent } else { index };
    (0..extent).contains(&place).then_some(place as usize)
}

fn x() -> Tensor {
    Tensor::from_vec([3], vec![10.0f32, 20.0, 30.0])
}

#[test]
fn take_follows_its_rule_for_every_index() -> Result<()> {
    let values = [10.0f32, 20.0, 30.0];
    for (index, tensor) in table() {
        let filled = from_end(index, EXTENT).map_or(f32::NAN, |place| values[place]);
        let found = x().take(&tensor, 0).item::<f32>()?;
        assert!(found == filled || (found.is_nan() && filled.is_nan()), "take {index}: {found}");
        let integers = x().convert(I32).take(&tensor, 0).item::<i32>()?;
        assert_eq!(
            integers,
            from_end(index, EXTENT).map_or(i32::MIN, |place| values[place] as i32),
            "{index}"
        );
        let unsigned = x().convert(U32).take(&tensor, 0).item::<u32>()?;
        assert_eq!(
            unsigned,
            from_end(index, EXTENT).map_or(u32::MAX, |place| values[place] as u32),
            "{index}"
        );
        let clipped = x().take_with(&tensor, 0, OutOfRange::Clip).item::<f32>()?;
        assert_eq!(clipped, values[index.clamp(0, EXTENT - 1) as usize], "clip {index}");
        let wrapped = x().take_with(&tensor, 0, OutOfRange::Wrap).item::<f32>()?;
        assert_eq!(wrapped, values[index.rem_euclid(EXTENT) as usize], "wrap {index}");
        let along = x().take_along_axis(&tensor, 0).item::<f32>()?;
        assert!(along == filled || (along.is_nan() && filled.is_nan()), "take_along_axis {index}: {along}");
    }
    Ok(())
}

#[test]
fn scatter_leaves_out_every_index_out_of_range() -> Result<()> {
    let update = Tensor::from_vec([1], vec![99.0f32]);
    for (index, tensor) in table() {
        let (mut set, mut added) = ([10.0f32, 20.0, 30.0], [10.0f32, 20.0, 30.0]);
        if let Some(place) = from_end(index, EXTENT) {
            set[place] = 99.0;
            added[place] += 99.0;
        }
        assert_eq!(x().scatter(&tensor, &update, 0).to_vec::<f32>()?, set, "scatter {index}");
        assert_eq!(x().scatter_add(&tensor, &update, 0).to_vec::<f32>()?, added, "scatter_add {index}");
    }
    Ok(())
}

#[test]
fn gradients_reach_the_row_that_was_read() -> Result<()> {
    for (index, tensor) in table() {
        let gradient =
            metamlp_tensor::grad(&x(), |x| Ok(x.take_with(&tensor, 0, OutOfRange::Wrap).sum_all()))?;
        let mut right = [0.0f32; 3];
        right[index.rem_euclid(EXTENT) as usize] = 1.0;
        assert_eq!(gradient.to_vec::<f32>()?, right, "{index}");
        let gradient = metamlp_tensor::grad(&x(), |x| Ok(x.take(&tensor, 0).sum_all()))?;
        let mut right = [0.0f32; 3];
        if let Some(place) = from_end(index, EXTENT) {
            right[place] = 1.0;
        }
        assert_eq!(gradient.to_vec::<f32>()?, right, "{index}");
    }
    Ok(())
}

#[test]
fn one_hot_is_zero_for_every_index_out_of_range() -> Result<()> {
    for (index, tensor) in table() {
        let right = [0, 1, 2].map(|class| f32::from(u8::from(class == index)));
        assert_eq!(tensor.one_hot(3).to_vec::<f32>()?, right, "{index}");
    }
    Ok(())
}

#[test]
fn dynamic_slices_lie_inside_for_every_start() -> Result<()> {
    let long = Tensor::arange(5, F32);
    let update = Tensor::from_vec([2], vec![-1.0f32, -2.0]);
    for (start, tensor) in table() {
        let from_front = if start < 0 { start + 5 } else { start };
        let first = from_front.clamp(0, 3) as usize;
        let right = [first as f32, first as f32 + 1.0];
        assert_eq!(long.dynamic_slice(&tensor, [2]).to_vec::<f32>()?, right, "{start}");
        let mut right = [0.0f32, 1.0, 2.0, 3.0, 4.0];
        right[first..first + 2].copy_from_slice(&[-1.0, -2.0]);
        assert_eq!(long.dynamic_update_slice(&update, &tensor).to_vec::<f32>()?, right, "{start}");
    }
    Ok(())
}

/// A remainder and the extent together must not leave `i32`.
#[test]
fn wrapped_indices_of_a_long_axis_stay_inside() -> Result<()> {
    let extent = (1_i64 << 30) + 5;
    let long = Tensor::zeros([1], metamlp_tensor::BOOL).broadcast_to([extent as usize]);
    let indices = Tensor::from_vec([2], vec![i32::MAX, -1]);
    let taken = long.take_with(&indices, 0, OutOfRange::Wrap);
    assert_eq!(taken.to_vec::<bool>()?, [false, false]);
    Ok(())
}
