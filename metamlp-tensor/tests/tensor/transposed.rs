//! Large operands whose axes are not in the order of a kernel: with all element types, sliced, read twice, donated, and
//! together with readers of their original order.

use half::{bf16, f16};
use metamlp_tensor::{Element, F32, Result, Tensor, evaluate, jit};

const ROWS: usize = 250;
const COLUMNS: usize = 300;

fn numbers() -> Vec<f32> {
    (0..ROWS * COLUMNS).map(|i| (i * 37 % 1009) as f32 / 8.0 - 60.0).collect()
}

fn matrix() -> Tensor {
    Tensor::from_vec([ROWS, COLUMNS], numbers())
}

/// The transposed matrix with `f` applied to each entry.
fn transposed<T: Copy, U>(elements: &[T], f: impl Fn(T) -> U) -> Vec<U> {
    (0..COLUMNS).flat_map(|j| (0..ROWS).map(move |i| i * COLUMNS + j)).map(|at| f(elements[at])).collect()
}

fn assert_transposed<T: Element>(elements: Vec<T>) -> Result<()> {
    let expected = transposed(&elements, |x| x);
    let x = Tensor::from_vec([ROWS, COLUMNS], elements);
    assert_eq!(evaluate(x.transpose([1, 0]))?.to_vec::<T>()?, expected);
    Ok(())
}

#[test]
fn every_element_type_is_transposed() -> Result<()> {
    let numbers = numbers();
    assert_transposed(numbers.iter().map(|&x| x > 0.0).collect::<Vec<bool>>())?;
    assert_transposed(numbers.iter().map(|&x| x as i32).collect::<Vec<i32>>())?;
    assert_transposed(numbers.iter().map(|&x| x.to_bits()).collect::<Vec<u32>>())?;
    assert_transposed(numbers.iter().map(|&x| f16::from_f32(x)).collect::<Vec<f16>>())?;
    assert_transposed(numbers.iter().map(|&x| bf16::from_f32(x)).collect::<Vec<bf16>>())?;
    assert_transposed(numbers.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>())?;
    assert_transposed(numbers)
}

#[test]
fn a_transposition_and_what_is_made_of_it_are_results_of_one_kernel() -> Result<()> {
    let f = jit(|x: Tensor| Ok((x.transpose([1, 0]), x.transpose([1, 0]) * 2.0, x.transpose([1, 0]).exp())));
    let numbers = numbers();
    for given_away in [false, true, true] {
        let x = matrix();
        let kept = (!given_away).then(|| x.clone());
        let (plain, double, power) = f(x)?;
        assert_eq!(plain.to_vec::<f32>()?, transposed(&numbers, |x| x));
        assert_eq!(double.to_vec::<f32>()?, transposed(&numbers, |x| x * 2.0));
        let power = power.to_vec::<f32>()?;
        assert!(power.iter().zip(transposed(&numbers, f32::exp)).all(|(x, y)| (x - y).abs() <= 1e-6 * y));
        assert!(kept.is_none_or(|kept| kept.to_vec::<f32>().is_ok_and(|kept| kept == numbers)));
    }
    Ok(())
}

#[test]
fn an_operand_may_be_read_both_ways() -> Result<()> {
    let square: Vec<f32> = numbers().into_iter().take(200 * 200).collect();
    let f = jit(|x: Tensor| Ok(&x + x.transpose([1, 0])));
    let found = f(Tensor::from_vec([200, 200], square.clone()))?.to_vec::<f32>()?;
    let sum = |at: usize| square[at] + square[at % 200 * 200 + at / 200];
    assert_eq!(found, (0..200 * 200).map(sum).collect::<Vec<f32>>());
    Ok(())
}

#[test]
fn a_part_of_a_matrix_is_transposed_and_turned() -> Result<()> {
    let numbers = numbers();
    let part = |x: &Tensor| x.slice_axis(0, 3, 233).slice_axis(1, 7, 291).transpose([1, 0]);
    let found = evaluate(part(&matrix()) * 2.0)?;
    assert_eq!(found.shape(), [284, 230]);
    let expected = |at: usize| numbers[(at % 230 + 3) * COLUMNS + at / 230 + 7];
    assert_eq!(found.to_vec::<f32>()?, (0..284 * 230).map(|at| expected(at) * 2.0).collect::<Vec<f32>>());
    let turned = evaluate(part(&matrix()).flip(0) * 1.5)?.to_vec::<f32>()?;
    let expected = |at: usize| expected((283 - at / 230) * 230 + at % 230) * 1.5;
    assert_eq!(turned, (0..284 * 230).map(expected).collect::<Vec<f32>>());
    Ok(())
}

#[test]
fn there_may_be_nothing_to_transpose() -> Result<()> {
    let empty = Tensor::zeros([0, COLUMNS], F32);
    assert_eq!(evaluate(empty.transpose([1, 0]) * 2.0)?.shape(), [COLUMNS, 0]);
    Ok(())
}

#[test]
fn results_of_one_thread_are_dropped_on_another() -> Result<()> {
    let f = jit(|x: Tensor| Ok((x.transpose([1, 0]) * 2.0, x.sum_all())));
    let expected = transposed(&numbers(), |x| x * 2.0);
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..4).map(|_| scope.spawn(|| (0..8).map(|_| f(matrix())).collect::<Vec<_>>())).collect();
        for thread in threads {
            for result in thread.join().unwrap_or_default() {
                let (double, sum) = result?;
                assert_eq!(double.to_vec::<f32>()?, expected);
                assert!(sum.item::<f32>()?.is_finite());
            }
        }
        Ok(())
    })
}
