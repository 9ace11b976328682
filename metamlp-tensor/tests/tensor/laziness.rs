//! Which operations run, and when.

use metamlp_tensor::{DType, Error, F32, I32, Tensor, deferred, evaluate, statistics};

#[test]
fn nothing_runs_until_a_value_is_read() {
    let x = Tensor::from_vec([2], vec![1.0f32, 2.0]);
    let before = statistics::executed_nodes();
    let y = x.exp() + 1.0;
    let _unused = y.log();
    assert_eq!(statistics::executed_nodes(), before);
    y.evaluate().unwrap();
    let after = statistics::executed_nodes();
    assert!(after > before);
    // A tensor is evaluated once.
    y.to_vec::<f32>().unwrap();
    assert_eq!(statistics::executed_nodes(), after);
}

#[test]
fn equal_operations_run_once_and_unused_ones_never() {
    let x = Tensor::from_vec([2], vec![1.0f32, 2.0]);
    let before = statistics::executed_nodes();
    let (a, b) = (x.exp() + x.exp(), x.exp() * x.exp());
    let _unused = x.sin();
    evaluate((a, b)).unwrap();
    assert_eq!(statistics::executed_nodes(), before + 3);
}

#[test]
fn a_loop_compiles_once() {
    let step = |x: Tensor, w: &Tensor| evaluate((x.matmul(w) * 0.5).tanh()).unwrap();
    let w = Tensor::ones([3, 3], F32);
    let mut x = step(Tensor::ones([2, 3], F32).clone(), &w);
    x = step(x, &w);
    let before = statistics::compiled_plans();
    for _ in 0..10 {
        x = step(x, &w);
    }
    assert_eq!(statistics::compiled_plans(), before);
}

#[test]
fn inner_boundaries_are_left_to_the_outermost() {
    let x = Tensor::from_vec([2], vec![1.0f32, 2.0]);
    let before = statistics::executed_plans();
    let y = deferred(|| {
        let y = evaluate(x.exp()).unwrap();
        assert!(!y.is_concrete());
        evaluate(y + 1.0).unwrap()
    });
    assert_eq!(statistics::executed_plans(), before);
    evaluate(y).unwrap();
    assert_eq!(statistics::executed_plans(), before + 1);
}

#[test]
fn a_panic_inside_a_boundary_leaves_it() {
    let result = std::panic::catch_unwind(|| deferred(|| panic!("user code")));
    assert!(result.is_err());
    assert!(evaluate(Tensor::ones([2], F32)).unwrap().is_concrete());
}

#[test]
fn a_spec_has_a_shape_and_no_value() {
    let x = Tensor::spec([1_000_000, 1_000_000], F32);
    let y = (&x * 2.0).matmul(&x.t()).sum([0]);
    assert_eq!((y.shape(), y.dtype()), (&[1_000_000][..], F32));
    let error = y.to_vec::<f32>().unwrap_err();
    assert!(matches!(&error, Error::NoValue { ty, .. } if ty.shape[0] == 1_000_000), "{error}");
    assert!(error.to_string().contains("laziness.rs"), "{error}");
}

#[test]
fn poison_carries_the_first_error_and_its_line() {
    let line = line!() + 1;
    let bad = Tensor::zeros([2, 3], F32).matmul(&Tensor::zeros([2, 3], F32));
    let later = (bad.exp() + Tensor::zeros([7, 7], F32)).sum_all();
    let message = evaluate(later.clone()).unwrap_err().to_string();
    assert!(message.contains(&format!("laziness.rs:{line}")), "{message}");
    assert!(message.contains("f32[2, 3] and f32[2, 3]"), "{message}");
    assert_eq!(later.shape(), [0usize; 0]);
    assert!(format!("{later}").contains("dot_general"));
}

#[test]
fn asking_for_another_element_type_is_an_error() {
    let error = Tensor::ones([2], I32).to_vec::<f32>().unwrap_err();
    assert!(matches!(error, Error::ElementType { asked: DType::F32, .. }), "{error}");
    assert!(Tensor::ones([2], F32).item::<f32>().is_err());
}

#[test]
fn bad_arguments_poison_and_never_panic() {
    let x = Tensor::from_vec([2, 3], vec![1.0f32; 6]);
    let bad = [
        Tensor::from_vec([2, 2], vec![1.0f32; 3]),
        &x + Tensor::ones([2], F32),
        x.sum([2]),
        x.sum([-3]),
        x.sum([0, 0]),
        x.sum([isize::MIN]),
        x.reshape([7]),
        x.transpose([0, 0]),
        x.transpose([0]),
        x.broadcast_to([3]),
        x.broadcast_to([4, 3]),
        x.squeeze(0),
        x.expand_dims(9),
        x.slice([0], [1], [1]),
        x.slice([0, 2], [2, 1], [1, 1]),
        x.slice([0, 0], [2, 3], [0, 1]),
        x.slice_axis(0, 0, 9),
        x.index(2),
        x.index(usize::MAX),
        x.pad([1], [1, 1], 0.0),
        x.pad([1, 0], [0, 0], &x),
        Tensor::concatenate::<Tensor>(&[], 0),
        Tensor::concatenate(&[&x, &x.t()], 0),
        Tensor::stack(&[&x, &x.t()], 0),
        x.take(&Tensor::scalar(0.5f32), 0),
        x.take(&Tensor::scalar(0), 5),
        Tensor::zeros([0, 3], F32).take(&Tensor::scalar(0), 0),
        Tensor::zeros([0], F32).argmax(0),
        x.take(&Tensor::scalar(true), 0),
        x.take_along_axis(&Tensor::scalar(0), 0),
        x.take_along_axis(&Tensor::zeros([2, 3], F32), 0),
        x.take_along_axis(&Tensor::zeros([5, 3], I32), 1),
        x.take_along_axis(&Tensor::zeros([2, 3], I32), 2),
        Tensor::zeros([0, 3], F32).take_along_axis(&Tensor::zeros([1, 3], I32), 0),
        Tensor::spec([1 << 40], F32).take_along_axis(&Tensor::zeros([1], I32), 0),
        x.scatter_add(&Tensor::scalar(0), &Tensor::zeros([4], F32), 0),
        x.scatter(&Tensor::scalar(0.5f32), &Tensor::zeros([3], F32), 0),
        x.scatter(&Tensor::scalar(0), &x, 7),
        x.dynamic_slice(&Tensor::scalar(0), [1, 1]),
        x.dynamic_slice(&Tensor::zeros([2], F32), [1, 1]),
        x.dynamic_slice(&Tensor::zeros([2], I32), [1]),
        x.dynamic_slice(&Tensor::zeros([2], I32), [3, 1]),
        x.dynamic_update_slice(&Tensor::zeros([3, 1], F32), &Tensor::zeros([2], I32)),
        x.top_k(4).0,
        x.top_k(4).1,
        Tensor::scalar(1.0f32).top_k(1).1,
        x.sort(3),
        x.roll(1, 2),
        x.pad_wrap(1, 1, -3),
        x.pad_wrap(usize::MAX, 1, 0),
        Tensor::zeros([0], F32).pad_reflect(1, 0, 0),
        x.matmul(&x),
        x.matmul(&Tensor::scalar(1.0f32)),
        x.dot_general(&x, (&[0], &[0, 1]), (&[], &[])),
        x.dot_general(&x, (&[5], &[0]), (&[], &[])),
        x.dot_general(&x, (&[0], &[0]), (&[0], &[0])),
        x.shift_left(1),
        x.and(true),
        x.bitcast_convert(DType::F64),
        Tensor::iota([2], 1, I32),
        x.greater(0.0).select(Tensor::zeros([7], F32), 0.0),
        x.mul_add(Tensor::zeros([7], F32), 0.0),
        x.argsort(2),
        x.cumsum(2),
        x.flip(-3),
        Tensor::zeros([usize::MAX, 2], F32),
        Tensor::zeros([1 << 40, 1 << 40], F32).sum_all(),
        x.pad([usize::MAX, 0], [0, 0], 0.0),
        Tensor::eye(usize::MAX, F32),
        Tensor::arange(usize::MAX, I32),
        Tensor::spec([usize::MAX, 2], F32).exp(),
    ];
    for (i, tensor) in bad.iter().enumerate() {
        let message = tensor.evaluate().expect_err(&format!("case {i}: {tensor:?}")).to_string();
        assert!(message.contains("laziness.rs"), "case {i}: {message}");
    }
}

#[test]
fn zero_sized_tensors_are_ordinary() {
    let x = Tensor::zeros([0, 3], F32);
    assert_eq!(x.sum([0]).to_vec::<f32>().unwrap(), [0.0; 3]);
    assert_eq!(x.max([1]).to_vec::<f32>().unwrap(), []);
    assert_eq!(x.exp().matmul(&Tensor::ones([3, 2], F32)).shape(), [0, 2]);
    let product = Tensor::ones([2, 0], F32).matmul(&Tensor::ones([0, 2], F32));
    assert_eq!(product.to_vec::<f32>().unwrap(), [0.0; 4]);
    assert!(x.mean_all().item::<f32>().unwrap().is_nan());
}

#[test]
fn promotion_follows_jax() {
    let types = |x: Tensor| (x.dtype(), x.to_vec::<f32>().is_ok());
    let i = Tensor::from_vec([2], vec![1, 2]);
    assert_eq!((&i * 2).dtype(), I32);
    assert_eq!(types(&i * 0.5), (F32, true));
    assert_eq!(types(&i / 2), (F32, true));
    assert_eq!(types(i.exp()), (F32, true));
    assert_eq!((i.greater(1) + true_flag()).dtype(), I32);
    assert_eq!(i.integer_div(2).to_vec::<i32>().unwrap(), [0, 1]);
    assert_eq!((Tensor::scalar(1.0f64) * Tensor::scalar(2.0f32)).dtype(), DType::F64);
    assert_eq!((Tensor::scalar(3u32) - 1).dtype(), DType::U32);
}

#[test]
fn conversions_wrap_integers_and_cut_floats_off() {
    let floats = Tensor::from_vec([6], vec![1.9f32, -1.9, 3e9, -3e9, f32::NAN, f32::INFINITY]);
    let integers = floats.convert(I32).to_vec::<i32>().unwrap();
    assert_eq!(integers, [1, -1, i32::MAX, i32::MIN, 0, i32::MAX]);
    assert_eq!(floats.convert(DType::Bool).to_vec::<bool>().unwrap(), [true; 6]);
    let wrapped = Tensor::from_vec([2], vec![-1, i32::MIN]).convert(DType::U32);
    assert_eq!(wrapped.to_vec::<u32>().unwrap(), [u32::MAX, 1 << 31]);
    assert_eq!(wrapped.convert(I32).to_vec::<i32>().unwrap(), [-1, i32::MIN]);
    assert_eq!(Tensor::scalar(true).convert(F32).item::<f32>().unwrap(), 1.0);
}

fn true_flag() -> Tensor {
    Tensor::scalar(true)
}

#[test]
fn ndarray_comes_and_goes_without_a_copy() {
    let array = ndarray::Array2::<f32>::zeros((100, 20));
    let address = array.as_ptr();
    let tensor = Tensor::from(array);
    assert_eq!(tensor.view::<f32>().unwrap().as_ptr(), address);
    let back = ndarray::ArrayD::<f32>::try_from(tensor).unwrap();
    assert_eq!(back.as_ptr(), address);
    // Arrays in another layout, and parts of an allocation, are copied to row-major order.
    let column_major = ndarray::array![[1, 2], [3, 4]].reversed_axes();
    assert_eq!(Tensor::from(column_major).to_vec::<i32>().unwrap(), [1, 3, 2, 4]);
    let mut part = ndarray::Array1::from(vec![1, 2, 3, 4]);
    part.slice_collapse(ndarray::s![1..3]);
    assert_eq!(Tensor::from(part).to_vec::<i32>().unwrap(), [2, 3]);
}
