//! Indexing, sorting and shifting, against the results of JAX and NumPy.

use metamlp_tensor::{BOOL, F32, I32, OutOfRange, Result, Tensor, U32, evaluate, grad};

fn floats(shape: &[usize]) -> Tensor {
    Tensor::arange(shape.iter().product(), F32).reshape(shape)
}

fn indices<const N: usize>(values: [i32; N]) -> Tensor {
    Tensor::from_vec([N], values.to_vec())
}

/// The elements, with NaN replaced by 99.
#[track_caller]
fn gives(found: &Tensor, shape: &[usize], expected: &[f32]) {
    assert_eq!(found.shape(), shape);
    let found: Vec<f32> = found.to_vec().unwrap();
    let found: Vec<f32> = found.into_iter().map(|x| if x.is_nan() { 99.0 } else { x }).collect();
    assert_eq!(found, expected);
}

#[test]
fn rows_are_taken_as_jax_takes_them() {
    let x = floats(&[3, 2]);
    gives(
        &x.take(&indices([2, -1, 3, -3, -4]), 0),
        &[5, 2],
        &[4.0, 5.0, 4.0, 5.0, 99.0, 99.0, 0.0, 1.0, 99.0, 99.0],
    );
    gives(&x.take(&Tensor::scalar(1), -1), &[3], &[1.0, 3.0, 5.0]);
    let ends = indices([2, -1, 3, -4]);
    gives(&x.t().take_with(&ends, 1, OutOfRange::Clip), &[2, 4], &[4.0, 0.0, 4.0, 0.0, 5.0, 1.0, 5.0, 1.0]);
    gives(&x.t().take_with(&ends, 1, OutOfRange::Wrap), &[2, 4], &[4.0, 4.0, 0.0, 4.0, 5.0, 5.0, 1.0, 5.0]);
    let beyond = indices([5]);
    assert_eq!(Tensor::arange(3, I32).take(&beyond, 0).item_of::<i32>(), i32::MIN);
    assert_eq!(Tensor::arange(3, U32).take(&beyond, 0).item_of::<u32>(), u32::MAX);
    assert!(Tensor::zeros([1], BOOL).take(&beyond, 0).item_of::<bool>());
    assert_eq!(Tensor::zeros([0, 3], F32).take(&Tensor::zeros([0], I32), 0).shape(), [0, 3]);
}

trait ItemOf {
    fn item_of<T: metamlp_tensor::Element>(&self) -> T;
}

impl ItemOf for Tensor {
    fn item_of<T: metamlp_tensor::Element>(&self) -> T {
        self.squeeze(0).item().unwrap()
    }
}

#[test]
fn elements_are_taken_along_an_axis_as_jax_takes_them() {
    let x = floats(&[3, 4]);
    let each = Tensor::from_vec([3, 2], vec![0, 1, 3, -1, 4, -5]);
    gives(&x.take_along_axis(&each, 1), &[3, 2], &[0.0, 1.0, 7.0, 7.0, 99.0, 99.0]);
    let one = Tensor::from_vec([1, 4], vec![2, 0, -1, 3]);
    gives(&x.take_along_axis(&one, 0), &[1, 4], &[8.0, 1.0, 10.0, 99.0]);
    // Either operand is repeated along the other axes.
    let column = Tensor::from_vec([3, 1], vec![2, 0, 1]);
    gives(&x.index(0).expand_dims(0).take_along_axis(&column, -1), &[3, 1], &[2.0, 0.0, 1.0]);
    gives(&x.take_along_axis(&Tensor::from_vec([1, 1], vec![3]), 1), &[3, 1], &[3.0, 7.0, 11.0]);
    assert_eq!(x.take_along_axis(&Tensor::zeros([3, 0], I32), 1).shape(), [3, 0]);
}

#[test]
fn updates_out_of_range_are_left_out() {
    let at = indices([1, -1, 4, -5, 1]);
    let updates = Tensor::from_vec([5], vec![1.0f32, 2.0, 3.0, 4.0, 5.0]);
    let zeros = Tensor::zeros([4], F32);
    gives(&zeros.scatter_add(&at, &updates, 0), &[4], &[0.0, 6.0, 0.0, 2.0]);
    gives(&zeros.scatter(&at, &updates, 0), &[4], &[0.0, 5.0, 0.0, 2.0]);
    // The last of several updates of one row gets the gradient.
    let coefficients = Tensor::from_vec([4], vec![1.0f32, 2.0, 3.0, 4.0]);
    let (to_updates, to_zeros) =
        grad(&(updates, zeros), |(updates, x)| (x.scatter(&at, updates, 0) * &coefficients).sum_all())
            .unwrap();
    gives(&to_updates, &[5], &[0.0, 4.0, 0.0, 0.0, 2.0]);
    gives(&to_zeros, &[4], &[1.0, 0.0, 3.0, 0.0]);
    let empty = Tensor::zeros([0, 2], F32);
    let to_empty =
        grad(&Tensor::ones([1, 2], F32), |x| empty.scatter(&indices([0]), x, 0).sum_all()).unwrap();
    gives(&to_empty, &[1, 2], &[0.0, 0.0]);
    let rows = Tensor::ones([2, 3], F32).scatter(
        &Tensor::scalar(-1),
        &Tensor::from_vec([2, 1], vec![7, 8]).index(1),
        1,
    );
    gives(&rows, &[2, 3], &[1.0, 1.0, 8.0, 1.0, 1.0, 8.0]);
}

#[test]
fn parts_move_inside() {
    let x = floats(&[3, 4]);
    let part = |i: i32, j: i32| x.dynamic_slice(&indices([i, j]), [2, 2]);
    gives(&part(1, 3), &[2, 2], &[6.0, 7.0, 10.0, 11.0]);
    gives(&part(-1, -3), &[2, 2], &[5.0, 6.0, 9.0, 10.0]);
    gives(&part(-7, 0), &[2, 2], &[0.0, 1.0, 4.0, 5.0]);
    let changed = x.dynamic_update_slice(&Tensor::full([2, 2], -1, F32), &indices([2, -1]));
    gives(&changed, &[3, 4], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, -1.0, -1.0, 8.0, 9.0, -1.0, -1.0]);
    gives(&x.dynamic_slice(&indices([0, 9]), [3, 1]), &[3, 1], &[3.0, 7.0, 11.0]);
    gives(&x.dynamic_slice(&indices([1, 0]), [1, 4]), &[1, 4], &[4.0, 5.0, 6.0, 7.0]);
    assert_eq!(x.dynamic_slice(&indices([0, 0]), [0, 2]).shape(), [0, 2]);
    let scalar = Tensor::scalar(3.0f32);
    gives(&scalar.dynamic_slice(&Tensor::zeros([0], I32), []), &[], &[3.0]);
}

#[test]
fn the_largest_come_first_and_nan_before_them() {
    let x = Tensor::from_vec([2, 4], vec![3.0f32, 1.0, 2.0, 3.0, f32::NAN, -0.0, 0.0, 5.0]);
    let (values, positions) = x.top_k(3);
    gives(&values, &[2, 3], &[3.0, 3.0, 2.0, 99.0, 5.0, -0.0]);
    assert_eq!(positions.to_vec::<i32>().unwrap()[..4], [0, 3, 2, 0]);
    // Zeros of both signs are equal, so they keep their order.
    assert_eq!(positions.to_vec::<i32>().unwrap()[4..], [3, 1]);
    gives(&x.sort(1), &[2, 4], &[1.0, 2.0, 3.0, 3.0, -0.0, 0.0, 5.0, 99.0]);
    assert_eq!(x.argsort(1).to_vec::<i32>().unwrap(), [1, 2, 0, 3, 1, 2, 3, 0]);
    gives(&x.top_k(0).0, &[2, 0], &[]);
    let integers = indices([-3, 7, i32::MIN, 7]).top_k(4);
    assert_eq!(integers.0.to_vec::<i32>().unwrap(), [7, 7, -3, i32::MIN]);
    assert_eq!(integers.1.to_vec::<i32>().unwrap(), [1, 3, 0, 2]);
}

#[test]
fn long_lines_are_sorted_by_any_number_of_threads() {
    let x = metamlp_tensor::random::normal(metamlp_tensor::random::Key::new(4), [100_000]);
    let mut expected = x.to_vec::<f32>().unwrap();
    expected.sort_by(f32::total_cmp);
    assert_eq!(x.sort(0).to_vec::<f32>().unwrap(), expected);
    expected.reverse();
    assert_eq!(x.top_k(1000).0.to_vec::<f32>().unwrap(), expected[..1000]);
}

#[test]
fn axes_go_round_and_back() {
    let x = Tensor::arange(4, F32);
    gives(&x.roll(1, 0), &[4], &[3.0, 0.0, 1.0, 2.0]);
    gives(&x.roll(-9, -1), &[4], &[1.0, 2.0, 3.0, 0.0]);
    gives(&x.pad_wrap(5, 6, 0).slice_axis(0, 0, 6), &[6], &[3.0, 0.0, 1.0, 2.0, 3.0, 0.0]);
    assert_eq!(x.pad_wrap(5, 6, 0).shape(), [15]);
    gives(&x.pad_reflect(3, 2, 0), &[9], &[3.0, 2.0, 1.0, 0.0, 1.0, 2.0, 3.0, 2.0, 1.0]);
    gives(&x.pad_reflect(0, 7, 0).slice_axis(0, 4, 11), &[7], &[2.0, 1.0, 0.0, 1.0, 2.0, 3.0, 2.0]);
    let two = floats(&[2, 1]);
    gives(&two.pad_reflect(2, 1, 0), &[5, 1], &[0.0, 1.0, 0.0, 1.0, 0.0]);
    gives(&two.pad_reflect(1, 2, 1), &[2, 4], &[0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(Tensor::zeros([0], F32).roll(3, 0).shape(), [0]);
}

#[test]
fn many_rows_are_gathered_from_every_outer_entry() -> Result<()> {
    // The parts of the parallel work end inside an outer entry, and between two indices.
    let (outer, extent, inner) = (3, 250, 30);
    let numbers: Vec<f32> = (0..outer * extent * inner).map(|i| i as f32).collect();
    let table = Tensor::from_vec([outer, extent, inner], numbers.clone());
    let rows: Vec<i32> = (0..2003).map(|i| i * 7919 % 400 - 50).collect();
    let indices = Tensor::from_vec([rows.len()], rows.clone());
    let found = table.take_with(&indices, 1, OutOfRange::Clip).to_vec::<f32>()?;
    let inside = |row: i32| row.clamp(0, extent as i32 - 1) as usize;
    let expected = (0..outer).flat_map(|entry| rows.iter().map(move |&row| entry * extent + inside(row)));
    assert!(found.iter().eq(expected.flat_map(|row| &numbers[row * inner..][..inner])));
    Ok(())
}

#[test]
fn there_may_be_nothing_to_gather() -> Result<()> {
    let none = Tensor::from_vec([0], Vec::<i32>::new());
    assert_eq!(evaluate(Tensor::zeros([5, 7], F32).take(&none, 0))?.shape(), [0, 7]);
    let some = Tensor::from_vec([3], vec![1, 0, 2]);
    assert_eq!(evaluate(Tensor::zeros([5, 0], F32).take(&some, 0))?.shape(), [3, 0]);
    assert_eq!(evaluate(Tensor::zeros([0, 5], F32).take(&some, 1))?.shape(), [0, 3]);
    Ok(())
}
