//! Sizes that no memory holds, sums of sizes that no number holds, and loops over padding: each is an error or done at once.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use metamlp_tensor::random::{self, Key};
use metamlp_tensor::{
    BF16, BOOL, Convolution, Cost, DType, Error, F16, F32, F64, I32, MOST_THREADS, Padding, Plan, Tensor,
    U32, Window, jit, with_threads,
};

const DTYPES: [DType; 7] = [BOOL, I32, U32, F16, BF16, F32, F64];

/// The result of `f`, which takes no time that a person would notice.
fn at_once<R>(what: &str, f: impl FnOnce() -> R) -> R {
    let start = Instant::now();
    let result = f();
    assert!(start.elapsed() < Duration::from_secs(5), "{what} took {:?}", start.elapsed());
    result
}

/// The error of a tensor, found without a value.
fn refused(what: &str, x: &Tensor) -> String {
    x.error().unwrap_or_else(|| panic!("{what} is not refused: {}", x.ty())).to_string()
}

/// The bytes that the system refused to a tensor.
fn out_of_memory(what: &str, x: &Tensor) -> usize {
    match at_once(what, || x.evaluate()) {
        Err(Error::OutOfMemory { bytes, source_line, .. }) => {
            assert!(source_line.location.file().ends_with("sizes.rs"), "{what}: {source_line}");
            bytes
        }
        other => panic!("{what}: {other:?}"),
    }
}

#[test]
fn a_shape_is_checked_where_it_is_made() {
    for dtype in DTYPES {
        for shape in [
            vec![usize::MAX],
            vec![1 << 62],
            vec![1 << 40, 1 << 40],
            vec![0, 1 << 40, 1 << 40],
            vec![1 << 40, 0, 1 << 40],
            vec![usize::MAX, 0],
        ] {
            let made = [
                ("spec", Tensor::spec(&shape, dtype)),
                ("zeros", Tensor::zeros(&shape, dtype)),
                ("iota", Tensor::iota(&shape, 0, dtype)),
                ("full", Tensor::full(&shape, 1, dtype)),
                ("reshape", Tensor::zeros([0], dtype).reshape(&shape)),
                ("bits", random::bits(Key::new(0), &shape)),
                ("uniform", random::uniform_range(Key::new(0), &shape, F64, 0.0, 1.0)),
            ];
            for (what, made) in made {
                refused(&format!("{what} {shape:?} {dtype}"), &made);
                // Whatever is computed from it carries the error and overflows nothing.
                let (rank, x) = (made.rank(), made);
                for of in [x.mean_all(), x.var([0]), x.sort(0), x.sum([-1]), &x + 1.0, x.t(), x.roll(3, 0)] {
                    assert!(of.error().is_some(), "{what} {shape:?} of {rank} axes");
                }
            }
        }
        for shape in [vec![1 << 58], vec![0, 1 << 29, 1 << 29], vec![(1 << 60) - 8]] {
            let x = Tensor::spec(&shape, dtype);
            assert!(x.error().is_none() || dtype == F64, "{}", x.ty());
        }
    }
    let empty = ndarray::Array2::<f64>::zeros((0, 1 << 61));
    refused("from(ndarray)", &Tensor::from(&empty));
    refused("from(ndarray)", &Tensor::from(empty));
    refused("from_vec", &Tensor::from_vec::<f32>([0, 1 << 61], Vec::new()));
}

#[test]
fn arithmetic_on_accepted_sizes_does_not_overflow() -> Result<(), Error> {
    let large = Tensor::spec([(1 << 60) - 8], BOOL);
    let (mean, rolled) = (large.mean([0]), large.roll(isize::MIN, 0));
    assert!(mean.error().is_none() && rolled.error().is_none());
    let empty = Tensor::zeros([0, 1 << 29, 1 << 29], F32);
    assert_eq!((&empty + 1.0).to_vec::<f32>()?, []);
    assert_eq!(empty.sort(0).to_vec::<f32>()?, []);
    let three = [(); 3].map(|()| Tensor::spec([1 << 59], F32));
    let plan = Plan::of(
        |tensors: Vec<Tensor>| {
            let sums = [tensors[0].sum_all() + tensors[1].sum_all()];
            let each = tensors.iter().flat_map(|x| [x.exp(), x.sin(), x.log()]);
            Ok::<_, Error>(each.chain(sums).collect::<Vec<Tensor>>())
        },
        &three.to_vec(),
    )?;
    assert_eq!(plan.input_bytes(), 3 << 61);
    assert_eq!(plan.output_bytes(), usize::MAX);
    assert_eq!(plan.peak_bytes(), usize::MAX);
    let half = Tensor::spec([1 << 60], BF16);
    Plan::of(|x: Tensor| Ok::<_, Error>(x.exp().sum_all()), &half)?;
    Ok(())
}

#[test]
fn an_ill_formed_operand_of_a_product_is_its_error() {
    let matrices = Tensor::ones([2, 3, 4], F32);
    let order = random::permutation(Key::new(0), 1 << 62);
    for (what, vector) in [
        ("spec", Tensor::spec([usize::MAX], F32)),
        ("permutation", order),
        ("poison", Tensor::poison(Error::argument("here", "x", 1, "2"), [3], F32)),
        ("poison of any shape", Tensor::poison(Error::argument("here", "x", 1, "2"), [usize::MAX], F32)),
        ("sum over a wrong axis", Tensor::ones([3], F32).sum([7])),
    ] {
        let first = refused(what, &vector);
        assert_eq!(refused(what, &vector.matmul(&matrices)), first);
        assert_eq!(refused(what, &matrices.matmul(&vector)), first);
    }
}

#[test]
fn memory_that_the_system_does_not_have_is_an_error() -> Result<(), Error> {
    // More than a process can address.
    let long = 1_usize << 46;
    assert_eq!(out_of_memory("zeros", &Tensor::zeros([long], F32)) >> 48, 1);
    assert!(out_of_memory("almost all", &Tensor::zeros([(1 << 60) - 16], F64)) > 1 << 62);
    out_of_memory("eye", &Tensor::eye(1 << 24, F32));
    out_of_memory("one_hot", &Tensor::arange(3, I32).one_hot(long));
    let (column, row) = (Tensor::ones([1 << 22, 1], F32), Tensor::ones([1, 1 << 25], F32));
    out_of_memory("product", &column.matmul(&row));
    out_of_memory("bits", &random::bits(Key::new(0), [long]));
    out_of_memory("normal", &random::normal(Key::new(0), [long]));
    out_of_memory("uniform", &random::uniform_range(Key::new(0), [long], F64, 0.0, 1.0));
    out_of_memory("pad", &Tensor::ones([1], F32).pad([long], [long], 0.0));
    out_of_memory("cumsum", &Tensor::iota([long], 0, U32).cumsum(0));
    out_of_memory("argsort", &Tensor::iota([1 << 30, 1 << 16], 0, U32).flip(0).argsort(0));
    for dtype in [F32, I32] {
        let (x, kernel) = (Tensor::ones([1, 3, 1], dtype), Tensor::ones([2, 1, 1], dtype));
        let wide = Convolution::new().padding([(1 << 46, 1 << 46)]);
        out_of_memory("convolution", &x.conv_general_dilated(&kernel, &wide));
        let wide = Window::new([1, 2, 1]).padding([(0, 0), (1 << 46, 1 << 46), (0, 0)]);
        out_of_memory("window", &x.reduce_window_sum(&wide));
    }
    let linspace = Tensor::linspace(0.0, 1.0, 1 << 46);
    assert!(matches!(linspace.error(), Some(Error::OutOfMemory { bytes, .. }) if *bytes == 1 << 48));
    refused("linspace", &Tensor::linspace(0.0, 1.0, usize::MAX));

    // The program runs again where there is memory.
    let doubled = jit(|x: Tensor| Ok(x.broadcast_to([1 << 46, 1]) * 2.0));
    let error = doubled(Tensor::ones([1, 1], F32)).unwrap_err();
    assert!(matches!(error, Error::OutOfMemory { .. }), "{error}");
    assert!(error.to_string().contains("sizes.rs"), "{error}");
    assert_eq!((Tensor::ones([3], F32) * 2.0).to_vec::<f32>()?, [2.0; 3]);
    Ok(())
}

/// Copies of a tensor that has a value, in a process with little memory more than that tensor takes.
#[test]
#[cfg(target_os = "linux")]
fn a_copy_without_memory_is_an_error() {
    const LIMITED: &str = "METAMLP_LIMITED";
    if std::env::var_os(LIMITED).is_none() {
        let test = std::env::current_exe().unwrap();
        let limited = r#"ulimit -v 1500000 && exec "$0" --exact sizes::a_copy_without_memory_is_an_error"#;
        let mut shell = std::process::Command::new("sh");
        shell.arg("-c").arg(limited).arg(test).env(LIMITED, "1").env("RAYON_NUM_THREADS", "1");
        let output = shell.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
        return;
    }
    let elements = 3 << 26;
    let bytes_of = |error: Error| match error {
        Error::OutOfMemory { bytes, .. } => bytes,
        error => panic!("{error}"),
    };
    let x = Tensor::ones([elements / 2, 2], F32);
    x.evaluate().unwrap();
    let shared = x.clone();
    let asked = [
        x.to_vec::<f32>().map(drop).map_err(bytes_of),
        x.to_array::<f32>().map(drop).map_err(bytes_of),
        ndarray::ArrayD::<f32>::try_from(shared).map(drop).map_err(bytes_of),
        Tensor::from(&x.view::<f32>().unwrap()).evaluate().map_err(bytes_of),
        (&x + 1.0).evaluate().map_err(|error| bytes_of(error).min(4 * elements)),
        x.t().argsort(0).evaluate().map_err(|error| bytes_of(error).min(4 * elements)),
    ];
    assert_eq!(asked, [Err(4 * elements); 6]);
    assert_eq!(x.sum_all().item::<f32>().unwrap(), (3u32 << 26) as f32);
    // With room for it again, the same operation has a value.
    drop(x);
    metamlp_tensor::trim();
    assert_eq!(Tensor::ones([elements], F32).to_vec::<f32>().map_err(bytes_of), Err(4 * elements));
    assert_eq!((Tensor::ones([1000], F32) + 1.0).to_vec::<f32>().unwrap(), [2.0; 1000]);
}

#[test]
fn more_keys_than_memory_holds_are_one_that_carries_the_error() {
    let traced = jit(|x: Tensor| {
        let keys = Key::from_tensor(x).split(usize::MAX);
        Ok(random::uniform(&keys[0], [2]))
    });
    assert!(traced(Key::new(0).to_tensor()).is_err());
    for n in [usize::MAX, 1 << 46] {
        let keys = Key::new(0).split(n);
        assert_eq!(keys.len(), 1);
        let drawn = random::uniform(&keys[0], [2]);
        assert!(matches!(drawn.error(), Some(Error::OutOfMemory { op: "split", .. })), "{drawn:?}");
    }
    assert!(Key::new(0).split(0).is_empty());
}

#[test]
fn groups_are_at_most_the_features() {
    let image = |features: usize| Tensor::zeros([7, features], F32);
    for groups in [usize::MAX, 1 << 40, 2] {
        let grouped = Convolution::new().feature_group_count(groups);
        let result = image(0).conv_general_dilated(&image(0).reshape([0, 0]), &grouped);
        let error = refused("groups of nothing", &result);
        assert!(error.contains("feature_group_count"), "{error}");
    }
    let grouped = Convolution::new().feature_group_count(2);
    let none = image(0).conv_general_dilated(&Tensor::zeros([0, 4], F32), &grouped);
    assert_eq!(none.to_vec::<f32>().unwrap(), [0.0; 28]);
}

#[test]
fn padding_takes_no_time() -> Result<(), Error> {
    let far = 1_isize << 40;
    for dtype in [F32, F64, F16, I32] {
        let x = Tensor::ones([1, 2], dtype);
        let sum = |x: &Tensor, window: &Window| {
            at_once(&format!("{window:?} of {dtype}"), || {
                x.reduce_window_sum(window).convert(F32).to_vec::<f32>()
            })
        };
        assert_eq!(sum(&x, &Window::new([1 << 40, 1]).padding(Padding::Same))?, [1.0; 2]);
        assert_eq!(sum(&x, &Window::new([1, 1 << 40]).padding(Padding::Same))?, [2.0; 2]);
        assert_eq!(sum(&x, &Window::new([1 << 31, 1 << 31]).padding(Padding::Same))?, [2.0; 2]);
        let far_apart = Window::new([1, 2]).strides([1, 1 << 40]).padding([(0, 0), (far, far)]);
        assert_eq!(sum(&x, &far_apart)?, [0.0, 2.0, 0.0]);
        let dilated = Window::new([1, 3]).base_dilation([1, 1 << 33]).window_dilation([1, 1 << 33]);
        assert_eq!(sum(&x, &dilated.padding([(0, 0), (0, 1 << 33)]))?.len(), 1);
        let none = Tensor::ones([0, 3], dtype);
        assert_eq!(sum(&none, &Window::new([1, 2]).base_dilation([1, 1 << 33]))?, []);
        assert_eq!(sum(&none, &Window::new([1, 1 << 31]).padding(Padding::Same))?, []);
        let taps = Tensor::ones([2, 1, 1], dtype);
        let x = Tensor::ones([1, 3, 1], dtype);
        let far_apart = Convolution::new().window_strides([1 << 40]).padding([(far, far)]);
        let convolved = at_once("convolution", || {
            x.conv_general_dilated(&taps, &far_apart).convert(F32).to_vec::<f32>()
        })?;
        assert_eq!(convolved, [0.0, 2.0, 0.0]);
        let dilated = Convolution::new().lhs_dilation([1 << 31]).rhs_dilation([1 << 32]);
        let convolved = x.conv_general_dilated(&taps, &dilated).convert(F32);
        assert_eq!(at_once("dilated convolution", || convolved.to_vec::<f32>())?, [2.0]);
    }
    // The gradient of a maximum looks for the first of the elements under each window.
    let x = Tensor::from_vec([1, 3], vec![1.0f32, 3.0, 2.0]);
    let window = Window::new([1 << 40, 1 << 40]).padding(Padding::Same);
    let gradient = at_once("gradient", || {
        metamlp_tensor::grad(&x, |x| Ok::<_, Error>(x.reduce_window_max(&window).sum_all()))
    })?;
    assert_eq!(gradient.to_vec::<f32>()?, [0.0, 3.0, 0.0]);
    Ok(())
}

#[test]
fn what_has_no_elements_takes_no_time() -> Result<(), Error> {
    let wide = Tensor::zeros([0, 1 << 40], F32);
    let softmax = at_once("log_softmax", || wide.log_softmax(0).to_vec::<f32>())?;
    assert_eq!(softmax, []);
    let long = Tensor::zeros([(1 << 31) - 1, 0], F32);
    assert_eq!(at_once("shuffle", || random::shuffle(Key::new(0), &long).to_vec::<f32>())?, []);
    let gradient = at_once("gradient", || {
        metamlp_tensor::grad(&wide, |x| Ok::<_, Error>((x - x.logsumexp_keepdims([0])).sum_all()))
    })?;
    assert_eq!(gradient.to_vec::<f32>()?, []);
    Ok(())
}

#[test]
fn costs_and_plans_of_large_specs_take_no_time() -> Result<(), Error> {
    let (long, kernel) = (Tensor::spec([1, 1 << 36, 1], F32), Tensor::spec([3, 1, 1], F32));
    let same = Convolution::new().padding(Padding::Same);
    let convolved = long.conv_general_dilated(&kernel, &same);
    assert_eq!(at_once("cost", || Cost::of(&convolved, &()).flops), 2 * (3 * (1 << 36) - 2));
    at_once("cost of the gradients", || Cost::of_vjp(&convolved, &(long.clone(), kernel.clone())));
    let images = Tensor::spec([4, 1 << 12, 1 << 12, 3], F32);
    let (kernel, padding) = (Tensor::spec([3, 3, 3, 8], F32), Convolution::new().padding(Padding::Same));
    let convolved = images.conv_general_dilated(&kernel, &padding);
    let pairs: u64 = 3 * (1 << 12) - 2;
    assert_eq!(at_once("cost", || Cost::of(&convolved, &()).flops), 2 * 4 * 3 * 8 * pairs * pairs);
    at_once("plan", || {
        Plan::of(
            |(x, kernel): (Tensor, Tensor)| {
                let convolved =
                    x.conv_general_dilated(&kernel, &Convolution::new().padding([(1 << 40, 1 << 40)]));
                let pooled = (convolved + 1.0).reduce_window_max(&Window::new([1, 2, 1]));
                Ok::<_, Error>(pooled * 2.0)
            },
            &(Tensor::spec([1, 5, 3], F32), Tensor::spec([3, 3, 16], F32)),
        )
    })?;
    Ok(())
}

#[test]
fn threads_are_bounded() -> Result<(), Error> {
    let many = NonZeroUsize::new(100_000).unwrap();
    let x = Tensor::ones([300, 300], F32);
    let sum = at_once("100,000 threads", || with_threads(many, || x.matmul(&x).sum_all().item::<f32>()))?;
    assert_eq!(sum, 300.0_f32.powi(3));
    assert_eq!(MOST_THREADS.get(), 256);
    Ok(())
}

#[test]
fn many_operands_take_time_in_proportion() -> Result<(), Error> {
    let row = Tensor::ones([1, 2], F32);
    let rows: Vec<Tensor> = (0..100_000).map(|_| row.clone()).collect();
    let sum = at_once("concatenate", || Tensor::concatenate(&rows, 0).sum_all().item::<f32>())?;
    assert_eq!(sum, 200_000.0);
    let rows: Vec<Tensor> = (0..100_000).map(|i| Tensor::from_vec([1], vec![i])).collect();
    let joined = at_once("concatenate", || Tensor::concatenate(&rows, 0).to_vec::<i32>())?;
    assert!(joined.into_iter().eq(0..100_000));

    let (count, vector) = (1000, Tensor::ones([2], F32));
    let equation = vec!["a"; count].join(",") + "->a";
    let vectors = vec![vector; count];
    let product = at_once("einsum", || Tensor::einsum(&equation, &vectors).to_vec::<f32>())?;
    assert_eq!(product, [1.0; 2]);
    let letters: Vec<char> = ('a'..='z').chain('A'..='Z').collect();
    let pair = |i: usize| format!("{}{}", letters[i % 52], letters[(i + 1) % 52]);
    let terms: Vec<String> = (0..count).map(pair).collect();
    let matrices = vec![Tensor::ones([1, 1], F32); count];
    let product = at_once("einsum", || Tensor::einsum(&(terms.join(",") + "->"), &matrices).item::<f32>())?;
    assert_eq!(product, 1.0);
    Ok(())
}
