//! `jit`: one program for each structure of the arguments. Values are never constants of the program.

use metamlp_tensor::{Error, F32, Tensor, Tree, grad, jit, statistics, value_and_grad};

fn item(tensor: &Tensor) -> f32 {
    tensor.item::<f32>().unwrap()
}

#[test]
fn one_program_for_each_structure() {
    let double = jit(|x: Tensor, times: usize| {
        let mut x = x;
        for _ in 0..times {
            x = x * 2.0;
        }
        Ok(x)
    });
    let before = statistics::compiled_plans();
    for value in [1.0f32, 2.0, 3.0] {
        assert_eq!(item(&double(Tensor::scalar(value), 3).unwrap()), value * 8.0);
    }
    assert_eq!(statistics::compiled_plans(), before + 1);
    // Another static argument, or another shape, compiles another program.
    assert_eq!(item(&double(Tensor::scalar(1.0f32), 1).unwrap()), 2.0);
    assert_eq!(double(Tensor::ones([4], F32), 1).unwrap().shape(), [4]);
    assert!(statistics::compiled_plans() > before + 2);
}

#[test]
fn a_training_step_takes_and_returns_trees() {
    let step = jit(|(w, b): (Tensor, Tensor), batch: Vec<Tensor>| {
        let (loss, (dw, db)) = value_and_grad(&(w.clone(), b.clone()), |(w, b)| {
            (batch[0].matmul(w) + b - &batch[1]).square().mean_all()
        })?;
        Ok(((w - dw * 0.1, b - db * 0.1), loss))
    });
    let batch = vec![
        Tensor::from_vec([3, 1], vec![0.0f32, 1.0, 2.0]),
        Tensor::from_vec([3, 1], vec![1.0f32, 3.0, 5.0]),
    ];
    let mut state = (Tensor::zeros([1, 1], F32), Tensor::zeros([1], F32));
    let mut losses = Vec::new();
    for _ in 0..300 {
        let (next, loss) = step(state, batch.clone()).unwrap();
        state = next;
        losses.push(item(&loss));
    }
    assert!(losses[299] < 1e-4, "{losses:?}");
    assert!((item(&state.0) - 2.0).abs() < 0.01);
    assert!((item(&state.1) - 1.0).abs() < 0.01);
}

#[test]
fn captured_tensors_are_inputs_that_keep_their_values() {
    let offset = Tensor::scalar(5.0f32);
    let captured = offset.clone();
    let add = jit(move |x: Tensor| Ok(x + &captured));
    assert_eq!(item(&add(Tensor::scalar(1.0f32)).unwrap()), 6.0);
    assert_eq!(item(&add(offset).unwrap()), 10.0);
}

#[test]
fn results_may_be_arguments_repeated_and_unrelated() {
    let f = jit(|x: Tensor, y: Tensor| {
        let sum = &x + &y;
        Ok((x, sum.clone(), sum, Tensor::ones([2], F32)))
    });
    let (x, sum, again, ones) = f(Tensor::scalar(1.0f32), Tensor::scalar(2.0f32)).unwrap();
    assert_eq!((item(&x), item(&sum), item(&again)), (1.0, 3.0, 3.0));
    assert_eq!(ones.to_vec::<f32>().unwrap(), [1.0, 1.0]);
}

#[test]
fn nested_and_differentiated() {
    let cube = std::sync::Arc::new(jit(|x: Tensor| Ok(x.integer_pow(3))));
    let inner = cube.clone();
    let twice = jit(move |x: Tensor| inner(inner(x)?));
    assert_eq!(item(&twice(Tensor::scalar(2.0f32)).unwrap()), 512.0);
    let slope = grad(&Tensor::scalar(2.0f32), |x| cube(x.clone())).unwrap();
    assert_eq!(item(&slope), 12.0);
    let compiled_grad = jit(move |x: Tensor| grad(&x, |x| cube(x.clone())));
    assert_eq!(item(&compiled_grad(Tensor::scalar(2.0f32)).unwrap()), 12.0);
}

#[test]
fn reading_inside_is_an_error_that_says_so() {
    let f = jit(|x: Tensor| if x.item::<f32>()? > 0.0 { Ok(x) } else { Ok(-x) });
    let error = f(Tensor::scalar(1.0f32)).unwrap_err();
    assert!(matches!(error, Error::NoValue { .. }), "{error}");
    assert!(error.to_string().contains("jit"), "{error}");
}

#[test]
fn errors_of_the_function_and_of_its_tensors_come_back() {
    let poisoned = jit(|x: Tensor| Ok(x.matmul(&Tensor::zeros([3, 3], F32))));
    assert!(matches!(poisoned(Tensor::zeros([2, 2], F32)).unwrap_err(), Error::Shape { .. }));
    // A poisoned argument.
    let bad = Tensor::zeros([2, 2], F32).matmul(&Tensor::zeros([3, 3], F32));
    let identity = jit(|x: Tensor| Ok(x));
    assert!(matches!(identity(bad).unwrap_err(), Error::Shape { .. }));
    assert!(matches!(identity(Tensor::spec([2], F32)).unwrap_err(), Error::NoValue { .. }));
}

#[test]
fn a_compiled_function_serves_eight_threads() {
    let f = jit(|x: Tensor| Ok((x.exp().sum_all(), x.size())));
    std::thread::scope(|scope| {
        for n in 1..9usize {
            let f = &f;
            scope.spawn(move || {
                for _ in 0..20 {
                    let (sum, size) = f(Tensor::zeros([n], F32)).unwrap();
                    assert_eq!((sum.item::<f32>().unwrap(), size), (n as f32, n));
                }
            });
        }
    });
}

#[test]
fn every_static_part_counts() {
    let f = jit(|x: Tensor, scale: f64, name: String| Ok((x * scale, name)));
    for scale in [1.0, 2.0, -0.0] {
        for name in ["a", "b"] {
            let (y, name_back) = f(Tensor::scalar(3.0f32), scale, name.to_owned()).unwrap();
            assert_eq!((f64::from(item(&y)), name_back.as_str()), (3.0 * scale, name));
        }
    }
    assert_eq!((1usize, vec![Tensor::zeros([1], F32)]).tensors().len(), 1);
}
