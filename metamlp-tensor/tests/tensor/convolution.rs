//! Convolutions and their gradients against the numbers of JAX. They are integers, so that any order of summation gives
//! the same result.

use metamlp_tensor::{Convolution, F32, I32, Padding, Tensor, grad};

fn counting(shape: &[usize], by: usize, modulus: usize, less: i32) -> Tensor {
    let size: usize = shape.iter().product();
    Tensor::from_vec(shape, (0..size).map(|i| ((i * by % modulus) as i32 - less) as f32).collect())
}

fn weights(shape: &[usize]) -> Tensor {
    let size: usize = shape.iter().product();
    Tensor::from_vec(shape, (0..size).map(|i| ((i * i % 101 * 5 % 13) as i32 - 6) as f32).collect())
}

/// A number that depends on every element.
fn digest(x: &Tensor) -> i64 {
    let (x, weights) = (x.to_vec::<f32>().unwrap(), weights(x.shape()).to_vec::<f32>().unwrap());
    x.iter().zip(weights).map(|(x, weight)| *x as i64 * weight as i64).sum()
}

#[test]
fn results_and_gradients_are_jaxs() {
    // Operand and kernel, then the shape of the result and the digests of result and gradients.
    type Case<'a> = (&'a [usize], &'a [usize], Convolution, &'a [usize], [i64; 3]);
    let cases: Vec<Case<'_>> = vec![
        (&[2, 5, 6, 3], &[3, 3, 3, 4], Convolution::new(), &[2, 3, 4, 4], [1843, 1015, 1242]),
        (
            &[2, 7, 6, 3],
            &[3, 2, 3, 4],
            Convolution::new().window_strides([2, 3]).padding(Padding::Same),
            &[2, 4, 2, 4],
            [-473, -623, 2774],
        ),
        (
            &[1, 6, 5, 2],
            &[2, 3, 2, 3],
            Convolution::new().window_strides([1, 2]).padding([(-1, 2), (3, -2)]),
            &[1, 6, 2, 3],
            [254, 321, -592],
        ),
        (
            &[2, 8, 9, 2],
            &[3, 2, 2, 3],
            Convolution::new().window_strides([1, 2]).padding(Padding::Same).rhs_dilation([2, 3]),
            &[2, 8, 5, 3],
            [1097, -32, 1972],
        ),
        (
            &[2, 3, 4, 2],
            &[3, 2, 2, 3],
            Convolution::new().padding([(2, 2), (1, 3)]).lhs_dilation([2, 3]),
            &[2, 7, 13, 3],
            [-249, 17, -1493],
        ),
        (
            &[2, 5, 4, 4],
            &[3, 2, 2, 6],
            Convolution::new()
                .window_strides([2, 3])
                .padding([(2, 1), (-1, 4)])
                .lhs_dilation([2, 3])
                .rhs_dilation([3, 2])
                .feature_group_count(2),
            &[2, 3, 4, 6],
            [610, -64, 243],
        ),
        (
            &[2, 5, 5, 8],
            &[3, 3, 1, 16],
            Convolution::new().padding(Padding::Same).feature_group_count(8),
            &[2, 5, 5, 16],
            [-1503, 196, -869],
        ),
        (
            &[2, 9, 3],
            &[4, 3, 5],
            Convolution::new().window_strides([2]).padding([(3, 0)]),
            &[2, 5, 5],
            [-368, 458, 80],
        ),
        (
            &[1, 4, 3, 5, 2],
            &[2, 3, 2, 2, 3],
            Convolution::new().window_strides([1, 1, 2]).padding(Padding::Same),
            &[1, 4, 3, 3, 3],
            [158, -688, 1341],
        ),
        (&[3, 4, 4, 5], &[1, 1, 5, 2], Convolution::new(), &[3, 4, 4, 2], [-210, -340, -406]),
    ];
    for (i, (operand, kernel, convolution, shape, digests)) in cases.into_iter().enumerate() {
        let both = (counting(operand, 7, 11, 5), counting(kernel, 3, 7, 3));
        let result = both.0.conv_general_dilated(&both.1, &convolution);
        assert_eq!(result.shape(), shape, "case {i}");
        let (to_operand, to_kernel) = grad(&both, |(operand, kernel)| {
            (operand.conv_general_dilated(kernel, &convolution) * weights(shape)).sum_all()
        })
        .unwrap();
        assert_eq!((to_operand.shape(), to_kernel.shape()), (operand, kernel), "case {i}");
        let found = [digest(&result), digest(&to_operand), digest(&to_kernel)];
        assert_eq!(found, digests, "case {i}: {convolution:?}");
        // Integers have another kernel.
        let integers = both.0.convert(I32).conv_general_dilated(&both.1.convert(I32), &convolution);
        assert_eq!(
            integers.convert(F32).to_vec::<f32>().unwrap(),
            result.to_vec::<f32>().unwrap(),
            "case {i}"
        );
    }
}

/// Padding is zeros, which are multiplied by the kernel like other elements, for any number of groups.
#[test]
fn padding_under_an_infinite_weight_is_nan() {
    for (groups, features, out) in [(1, 1, 1), (1, 4, 32), (8, 8, 8), (8, 16, 16)] {
        let place = Tensor::iota([3, 3, features / groups, out], 0, I32) * 3
            + Tensor::iota([3, 3, features / groups, out], 1, I32);
        let kernel = place.equal(0).select(f32::INFINITY, Tensor::ones(place.shape(), F32));
        let same = Convolution::new().padding(Padding::Same).feature_group_count(groups);
        let result = Tensor::ones([1, 4, 4, features], F32).conv_general_dilated(&kernel, &same);
        for (place, x) in result.to_vec::<f32>().unwrap().into_iter().enumerate() {
            let (row, column) = (place / out / 4, place / out % 4);
            assert_eq!(x.is_nan(), row == 0 || column == 0, "{groups} groups at {row}, {column}");
        }
    }
}

#[test]
fn nothing_to_convolve_gives_nothing_or_zeros() {
    let same = Convolution::new().padding(Padding::Same);
    let shape = |x: [usize; 4], w: [usize; 4], convolution: &Convolution| {
        let both = (Tensor::ones(x, F32), Tensor::ones(w, F32));
        let result = both.0.conv_general_dilated(&both.1, convolution);
        let (to_operand, to_kernel) =
            grad(&both, |(x, w)| x.conv_general_dilated(w, convolution).sum_all()).unwrap();
        assert!(to_operand.to_vec::<f32>().unwrap().iter().all(|&x| x == 0.0));
        assert!(to_kernel.to_vec::<f32>().unwrap().iter().all(|&x| x == 0.0));
        assert!(result.to_vec::<f32>().unwrap().iter().all(|&x| x == 0.0));
        result.shape().to_vec()
    };
    assert_eq!(shape([0, 4, 4, 2], [3, 3, 2, 5], &same), [0, 4, 4, 5]);
    assert_eq!(shape([2, 4, 4, 0], [3, 3, 0, 5], &same), [2, 4, 4, 5]);
    assert_eq!(shape([2, 4, 4, 2], [3, 3, 2, 0], &same), [2, 4, 4, 0]);
    assert_eq!(shape([2, 2, 4, 2], [3, 3, 2, 5], &Convolution::new()), [2, 0, 2, 5]);
    assert_eq!(shape([2, 0, 4, 2], [3, 3, 2, 5], &same), [2, 0, 4, 5]);
    let around = Convolution::new().padding([(2, 2), (0, 0)]);
    assert_eq!(shape([2, 0, 4, 2], [3, 3, 2, 5], &around), [2, 2, 2, 5]);
}

#[test]
fn what_does_not_fit_is_named() {
    let (x, w) = (Tensor::ones([2, 5, 5, 4], F32), Tensor::ones([3, 3, 4, 6], F32));
    let plain = Convolution::new;
    let huge = isize::MAX;
    let cases = [
        (
            x.conv_general_dilated(&Tensor::ones([3, 3, 3, 6], F32), &plain()),
            "has 4 features, the kernel takes 3",
        ),
        (
            x.conv_general_dilated(&w, &plain().feature_group_count(2)),
            "has 4 features in 2 groups, the kernel takes 4",
        ),
        (
            x.conv_general_dilated(&w, &plain().feature_group_count(3)),
            "feature_group_count is 3, expected a divisor",
        ),
        (x.conv_general_dilated(&w, &plain().feature_group_count(0)), "feature_group_count is 0"),
        (x.conv_general_dilated(&w.index(0), &plain()), "[batch, spatial.., features] by"),
        (Tensor::ones([4], F32).conv_general_dilated(&Tensor::ones([4], F32), &plain()), "[batch, spatial"),
        (
            x.conv_general_dilated(&w, &plain().window_strides([2])),
            "window_strides is [2], expected one for each of the 2",
        ),
        (
            x.conv_general_dilated(&w, &plain().window_strides([2, 0])),
            "window_strides is [2, 0], expected 1 or more",
        ),
        (x.conv_general_dilated(&w, &plain().lhs_dilation([0, 1])), "lhs_dilation is [0, 1]"),
        (x.conv_general_dilated(&w, &plain().rhs_dilation([1, 1, 1])), "rhs_dilation is [1, 1, 1]"),
        (x.conv_general_dilated(&w, &plain().padding([(1, 1)])), "padding is [(1, 1)]"),
        (x.conv_general_dilated(&w, &plain().padding([(huge, 0), (0, huge)])), "spatial axis 0 has a window"),
        (
            x.conv_general_dilated(&w, &plain().rhs_dilation([usize::MAX; 2]).padding(Padding::Same)),
            "spatial axis 0",
        ),
        (x.conv_general_dilated(&w, &plain().lhs_dilation([usize::MAX; 2])), "spatial axis 0"),
        (
            x.conv_general_dilated(&Tensor::ones([0, 3, 4, 6], F32), &plain()),
            "spatial axis 0 has a window of 0",
        ),
        (x.greater(0.0).conv_general_dilated(&w.greater(0.0), &plain()), "numbers"),
    ];
    for (result, expected) in cases {
        let message = result.evaluate().unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
        assert!(message.contains("convolution.rs:"), "{message}");
    }
    let poisoned = x.matmul(&x).conv_general_dilated(&w, &plain());
    assert!(poisoned.evaluate().unwrap_err().to_string().contains("dot_general"));
}
