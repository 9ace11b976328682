//! Sums and extrema under a window and their gradients, against the numbers of JAX.

use metamlp_tensor::{F32, I32, Padding, Tensor, Window, grad};

fn counting(shape: &[usize]) -> Tensor {
    let size: usize = shape.iter().product();
    Tensor::from_vec(shape, (0..size).map(|i| ((i * 7 % 11) as i32 - 5) as f32).collect())
}

fn weights(shape: &[usize]) -> Tensor {
    let size: usize = shape.iter().product();
    Tensor::from_vec(shape, (0..size).map(|i| ((i * i % 101 * 5 % 13) as i32 - 6) as f32).collect())
}

/// A number that depends on every finite element.
fn digest(x: &Tensor) -> i64 {
    let (x, weights) = (x.to_vec::<f32>().unwrap(), weights(x.shape()).to_vec::<f32>().unwrap());
    x.iter().zip(weights).filter(|(x, _)| x.is_finite()).map(|(x, weight)| *x as i64 * weight as i64).sum()
}

#[test]
fn results_and_gradients_are_jaxs() {
    // (result, gradient) of sum, maximum and minimum. JAX has no gradient for an extremum under a dilated window.
    type Case<'a> = (&'a [usize], Window, &'a [usize], [(i64, Option<i64>); 3]);
    let cases: [Case<'_>; 5] = [
        (
            &[2, 6, 5, 3],
            Window::new([1, 2, 2, 1]).strides([1, 2, 2, 1]),
            &[2, 3, 2, 3],
            [(-70, Some(-152)), (-61, Some(38)), (27, Some(-150))],
        ),
        (
            &[2, 7, 5, 2],
            Window::new([1, 3, 3, 1]).strides([1, 2, 2, 1]).padding(Padding::Same),
            &[2, 4, 3, 2],
            [(13, Some(315)), (20, Some(61)), (-11, Some(6))],
        ),
        (
            &[3, 6],
            Window::new([2, 3]).padding([(1, 2), (0, 4)]),
            &[5, 8],
            [(73, Some(46)), (-9, Some(25)), (77, Some(37))],
        ),
        (
            &[1, 7, 4],
            Window::new([1, 3, 2])
                .strides([1, 2, 1])
                .padding([(0, 0), (2, 1), (1, 0)])
                .window_dilation([1, 2, 3]),
            &[1, 3, 2],
            [(-18, Some(-3)), (-7, None), (9, None)],
        ),
        (
            &[2, 4, 3],
            Window::new([1, 2, 3])
                .strides([1, 1, 2])
                .padding([(0, 0), (1, 0), (2, 2)])
                .base_dilation([1, 2, 3]),
            &[2, 7, 5],
            [(162, Some(8)), (162, Some(8)), (162, Some(8))],
        ),
    ];
    for (i, (shape, window, places, expected)) in cases.into_iter().enumerate() {
        let x = counting(shape);
        let reduce = [Tensor::reduce_window_sum, Tensor::reduce_window_max, Tensor::reduce_window_min];
        for (reduce, (digest_of_result, digest_of_gradient)) in reduce.into_iter().zip(expected) {
            let result = reduce(&x, &window);
            assert_eq!(result.shape(), places, "case {i}");
            assert_eq!(digest(&result), digest_of_result, "case {i}");
            let gradient = grad(&x, |x| {
                let result = reduce(x, &window);
                // The extremum of a window over padding only is infinite.
                (result.is_finite().select(&result, 0.0) * weights(places)).sum_all()
            });
            let gradient = gradient.unwrap();
            if let Some(expected) = digest_of_gradient {
                assert_eq!(digest(&gradient), expected, "case {i}");
            }
        }
    }
}

#[test]
fn the_first_of_equals_has_the_gradient() {
    let x = Tensor::from_vec([2, 4], vec![1.0f32, 3.0, 3.0, 2.0, 3.0, 0.0, 3.0, 3.0]);
    let window = Window::new([2, 2]).strides([2, 2]);
    let gradient = grad(&x, |x| x.reduce_window_max(&window).sum_all()).unwrap();
    assert_eq!(gradient.to_vec::<f32>().unwrap(), [0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    // The gradients of overlapping windows are added.
    let gradient = grad(&x, |x| x.reduce_window_max(&Window::new([1, 2])).sum_all()).unwrap();
    assert_eq!(gradient.to_vec::<f32>().unwrap(), [0.0, 2.0, 1.0, 0.0, 1.0, 0.0, 2.0, 0.0]);
}

#[test]
fn a_window_over_nothing_is_neutral() {
    let x = Tensor::zeros([0, 2], F32);
    let window = Window::new([2, 1]).padding([(1, 2), (0, 0)]);
    assert_eq!(x.reduce_window_max(&window).to_vec::<f32>().unwrap(), [f32::NEG_INFINITY; 4]);
    assert_eq!(x.reduce_window_sum(&window).to_vec::<f32>().unwrap(), [0.0; 4]);
    assert_eq!(grad(&x, |x| x.reduce_window_max(&window).sum_all()).unwrap().shape(), [0, 2]);
    assert_eq!(Tensor::ones([2, 3], I32).reduce_window_sum(&Window::new([3, 1])).shape(), [0, 3]);
}

#[test]
fn what_does_not_fit_is_named() {
    let x = Tensor::ones([4, 5], F32);
    let window = || Window::new([2, 2]);
    let cases = [
        (x.reduce_window_sum(&Window::new([2])), "sizes is [2], expected one for each of the 2 axes"),
        (x.reduce_window_max(&Window::new([2, 0])), "axis 1 has a window of 0"),
        (x.reduce_window_max(&window().strides([1, 0])), "strides is [1, 0], expected 1 or more"),
        (x.reduce_window_min(&window().padding([(0, 0)])), "padding is [(0, 0)]"),
        (x.reduce_window_sum(&window().base_dilation([1])), "base_dilation is [1]"),
        (x.reduce_window_sum(&window().window_dilation([0, 1])), "window_dilation is [0, 1]"),
        (x.reduce_window_sum(&window().window_dilation([usize::MAX, 1])), "axis 0 has a window"),
        (x.greater(0.0).reduce_window_max(&window()), "numbers"),
    ];
    for (result, expected) in cases {
        let message = result.evaluate().unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
        assert!(message.contains("reduce_window.rs:"), "{message}");
    }
    let same = x.reduce_window_sum(&window().padding(Padding::Same));
    assert_eq!(same.shape(), [4, 5]);
}
