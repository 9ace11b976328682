//! Keys and samplers: JAX's numbers, the same numbers under a trace, and errors for bad arguments.

use metamlp_tensor::random::{self, Key};
use metamlp_tensor::{BOOL, DType, Error, F32, F64, I32, Tensor, Tree, jit, statistics, value_and_grad};

// JAX's draws from key 42, if not written in a test.
const LAPLACE: [u32; 4] = [0x3cbb1a39, 0xbee42cb4, 0xbe878335, 0xbe0544d5];
const LOGISTIC: [u32; 4] = [0xbd390390, 0x3f40ba1c, 0x3ef28faa, 0x3e7b2c74];
const UNIFORM_RANGE: [u32; 4] = [0x3f7bf41a, 0x3fa0383c, 0x3f94d5fb, 0x3f8aef21];
const RANDINT_WIDE: [i32; 4] = [977810628, 1236381714, -1367112521, -1019495231];
const CHOICE_WEIGHTED: [i32; 4] = [3, 2, 1, 0];
const PERMUTATION_3000: [i32; 5] = [2629, 116, 2048, 2566, 2509];
const UNIFORM_64: [u64; 3] = [0x3fdb4f8123c40884, 0x3f8ebd996d6e8400, 0x3fe25f641d41e71a];
const NORMAL_64: [u64; 3] = [0xbfc7a4a26c962159, 0xc0015bccfaa7ba3a, 0x3fc7ed8110b50460];
const TRUNCATED_64: [u64; 3] = [0xbfc68e4cb3103609, 0xbffc920f3acdc931, 0x3fc6d3bef1725575];
const TRUNCATED_64_SKEW: [u64; 3] = [0x3fa5f54a61771433, 0xbfee5fb62a7f2923, 0x3fd719e4b0a51cfd];
const CAUCHY_64: [u64; 3] = [0xbfcdff0d1835f7e4, 0xc03530d1de765139, 0x3fce5dcea9df179a];

fn bits(x: &Tensor) -> Vec<u32> {
    x.to_vec::<f32>().unwrap().iter().map(|x| x.to_bits()).collect()
}

fn wide(x: &Tensor) -> Vec<u64> {
    x.to_vec::<f64>().unwrap().iter().map(|x| x.to_bits()).collect()
}

fn key() -> Key {
    Key::new(42)
}

#[test]
fn seeds_are_cut_to_32_bits() {
    for (seed, words) in [
        (0_i64, [0, 0]),
        (1, [0, 1]),
        (42, [0, 42]),
        (-1, [0, u32::MAX]),
        ((1 << 32) + 5, [0, 5]),
        (u32::MAX.into(), [0, u32::MAX]),
    ] {
        assert_eq!(Key::new(seed).words().unwrap(), words, "seed {seed}");
    }
}

#[test]
fn floats_have_the_bits_of_jax() {
    let draws: [(&str, Tensor, [u32; 4]); 7] = [
        ("uniform", random::uniform(key(), [4]), [0x3efa3824, 0x3f2e0730, 0x3f1dc3f8, 0x3f0f9ec0]),
        (
            "uniform in (-1, 1)",
            random::uniform_range(key(), [4], F32, -1.0, 1.0),
            [0xbcb8fb80, 0x3eb81cc0, 0x3e6e1fc0, 0x3df9ec00],
        ),
        ("normal", random::normal(key(), [4]), [0xbce7df15, 0x3eef2be8, 0x3e976661, 0x3e1d3b24]),
        (
            "truncated normal",
            random::truncated_normal(key(), [4], F32, -2.0, 2.0),
            [0xbcdd51b4, 0x3ee385e2, 0x3e905231, 0x3e160635],
        ),
        ("gumbel", random::gumbel(key(), [4], F32), [0x3eab0e4a, 0x3f73b78c, 0x3f39bc5f, 0x3f0c54f8]),
        ("laplace", random::laplace(key(), [4], F32), LAPLACE),
        ("logistic", random::logistic(key(), [4], F32), LOGISTIC),
    ];
    for (name, draw, expected) in draws {
        assert_eq!(bits(&draw), expected, "{name}");
    }
    assert_eq!(bits(&random::exponential(key(), [3], F32)), [0x3f2bbab2, 0x3f91c438, 0x3f7533b1]);
    assert_eq!(bits(&random::uniform_range(key(), [4], F32, 0.3, 1.7)), UNIFORM_RANGE);
}

#[test]
fn doubles_have_the_bits_of_jax() {
    assert_eq!(wide(&random::uniform_range(key(), [3], F64, 0.0, 1.0)), UNIFORM_64);
    assert_eq!(wide(&random::normal_dtype(key(), [3], F64)), NORMAL_64);
    assert_eq!(wide(&random::truncated_normal(key(), [3], F64, -2.0, 2.0)), TRUNCATED_64);
    assert_eq!(wide(&random::truncated_normal(key(), [3], F64, -1.0, 3.0)), TRUNCATED_64_SKEW);
    assert_eq!(wide(&random::cauchy(key(), [3], F64)), CAUCHY_64);
}

#[test]
fn integers_and_choices_are_those_of_jax() {
    let integers = |x: Tensor| x.to_vec::<i32>().unwrap();
    assert_eq!(integers(random::randint(key(), [8], 0, 10)), [4, 4, 1, 9, 9, 9, 7, 7]);
    assert_eq!(integers(random::randint(key(), [6], -5, 1000)), [184, 514, 736, 539, 804, 979]);
    assert_eq!(integers(random::randint(key(), [4], i32::MIN, i32::MAX)), RANDINT_WIDE);
    assert_eq!(integers(random::permutation(key(), 10)), [7, 4, 2, 5, 3, 6, 8, 9, 0, 1]);
    let rows = Tensor::arange(12, I32).reshape([4, 3]);
    assert_eq!(integers(random::shuffle(key(), &rows)), [6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5]);
    let p = Tensor::from_vec([4], vec![0.1f32, 0.2, 0.3, 0.4]);
    assert_eq!(
        integers(random::categorical(key(), &p.log(), -1, Some(&[10]))),
        [3, 3, 3, 3, 3, 3, 1, 1, 1, 1]
    );
    assert_eq!(integers(random::choice(key(), 5, [6], true, None)), [4, 4, 1, 4, 4, 4]);
    assert_eq!(integers(random::choice(key(), 4, [6], true, Some(&p))), [2, 2, 2, 2, 2, 2]);
    assert_eq!(integers(random::choice(key(), 6, [4], false, None)), [4, 2, 5, 3]);
    assert_eq!(integers(random::choice(key(), 4, [4], false, Some(&p))), CHOICE_WEIGHTED);
    let coins = random::bernoulli(key(), 0.5, [12]).to_vec::<bool>().unwrap();
    assert_eq!(coins.map_to_digits(), "100010100010");
}

/// The words as hexadecimal digits, which are easier to compare.
trait Digits {
    fn map_to_digits(&self) -> String;
}

impl Digits for Vec<bool> {
    fn map_to_digits(&self) -> String {
        self.iter().map(|&head| if head { '1' } else { '0' }).collect()
    }
}

#[test]
fn a_long_permutation_is_sorted_twice_and_complete() {
    let order = random::permutation(key(), 3000).to_vec::<i32>().unwrap();
    assert_eq!(order[..5], PERMUTATION_3000);
    let mut sorted = order;
    sorted.sort_unstable();
    assert!(sorted.iter().enumerate().all(|(i, &n)| i as i32 == n));
}

#[test]
fn a_longer_draw_begins_with_the_shorter_one() {
    let long = random::normal(key(), [1000]).to_vec::<f32>().unwrap();
    let short = random::normal(key(), [7, 3]).to_vec::<f32>().unwrap();
    assert_eq!(long[..21], short);
}

#[test]
fn normals_are_normal() {
    let x = random::normal(Key::new(3), [200_000]);
    let mean = x.mean_all().item::<f32>().unwrap();
    let square = x.square().mean_all().item::<f32>().unwrap();
    assert!(mean.abs() < 0.01 && (square - 1.0).abs() < 0.02, "mean {mean}, square {square}");
}

#[test]
fn weighted_choices_follow_their_weights() {
    let p = Tensor::from_vec([3], vec![1.0f32, 0.0, 3.0]);
    let drawn = random::choice(Key::new(5), 3, [10_000], true, Some(&p)).to_vec::<i32>().unwrap();
    let count = |n: i32| drawn.iter().filter(|&&drawn| drawn == n).count();
    assert_eq!(count(1), 0);
    assert!((2300..2700).contains(&count(0)), "{}", count(0));
}

/// All ways to derive a key or numbers, from a key that is an argument of the program.
#[test]
fn a_traced_key_gives_the_same_numbers() -> Result<(), Error> {
    fn draw(key: &Key) -> Vec<Tensor> {
        let keys = key.split(3);
        vec![
            keys[2].to_tensor(),
            key.fold_in(0xdead_beef).to_tensor(),
            random::normal(&keys[0], [5]),
            random::normal_dtype(&keys[0], [5], F64),
            random::randint(key, [4], -5, 1000),
            random::permutation(key, 2000),
            random::bernoulli(&keys[1], 0.3, [9]),
        ]
    }
    let traced = jit(|key: Key| Ok(draw(&key)));
    let before = statistics::compiled_plans();
    for seed in [42, 7, -3] {
        let key = Key::new(seed);
        for (eager, traced) in draw(&key).iter().zip(traced(key.clone())?) {
            match eager.dtype() {
                DType::F32 => assert_eq!(bits(eager), bits(&traced)),
                DType::F16 | DType::BF16 => {
                    assert_eq!(bits(&eager.convert(F32)), bits(&traced.convert(F32)));
                }
                DType::F64 => assert_eq!(wide(eager), wide(&traced)),
                DType::Bool => assert_eq!(eager.to_vec::<bool>()?, traced.to_vec::<bool>()?),
                DType::I32 => assert_eq!(eager.to_vec::<i32>()?, traced.to_vec::<i32>()?),
                DType::U32 => assert_eq!(eager.to_vec::<u32>()?, traced.to_vec::<u32>()?),
            }
        }
    }
    // The eager draws need seven plans. Another key needs no further plan.
    assert!(statistics::compiled_plans() - before <= 8);
    Ok(())
}

#[test]
fn a_step_can_be_folded_in_when_it_runs() -> Result<(), Error> {
    let step = jit(|(key, step): (Key, Tensor)| Ok(key.fold_in_tensor(&step)));
    for n in [0, 7, -1] {
        let folded = step((key(), Tensor::scalar(n)))?;
        assert_eq!(folded.words()?, key().fold_in(n as u32).words()?);
    }
    Ok(())
}

#[test]
fn a_key_is_a_tree_of_one_tensor() -> Result<(), Error> {
    let tensors = (key(), 1.0).tensors();
    assert_eq!(tensors.len(), 1);
    assert_eq!(tensors[0].to_vec::<u32>()?, [0, 42]);
    let doubled = key().map(&mut |_| Tensor::from_vec([2], vec![5u32, 6]));
    assert_eq!(doubled.words()?, [5, 6]);
    assert_eq!(format!("{} {:?}", key(), doubled), "[0, 42] Key([5, 6])");
    Ok(())
}

#[test]
fn a_key_under_tracing_has_no_words() {
    let read = jit(|key: Key| {
        assert_eq!(format!("{key:?}"), "Key([traced])");
        assert!(key.rng().is_err());
        key.words().map(|words| words[0] as usize)
    });
    assert!(matches!(read(key()), Err(Error::NoValue { .. })));
}

#[test]
fn gradients_pass_by_the_noise() -> Result<(), Error> {
    let scale = Tensor::scalar(2.0f32);
    let (_, grad) = value_and_grad(&scale, |scale| (scale * random::normal(key(), [5])).sum_all())?;
    assert_eq!(grad.item::<f32>()?, random::normal(key(), [5]).sum_all().item::<f32>()?);
    Ok(())
}

#[test]
fn empty_draws_are_empty() -> Result<(), Error> {
    assert_eq!(random::normal(key(), [0, 3]).to_vec::<f32>()?, []);
    assert_eq!(random::normal_dtype(key(), [0], F64).to_vec::<f64>()?, []);
    assert_eq!(random::permutation(key(), 0).to_vec::<i32>()?, []);
    assert_eq!(random::choice(key(), 0, [0], false, None).to_vec::<i32>()?, []);
    assert_eq!(random::shuffle(key(), &Tensor::zeros([0, 2], F32)).shape(), [0, 2]);
    assert_eq!(key().split(0).len(), 0);
    assert_eq!(random::uniform(key(), []).shape(), []);
    Ok(())
}

#[test]
fn bad_arguments_poison() {
    let p = Tensor::from_vec([3], vec![0.1f32, 0.2, 0.3]);
    let bad = [
        ("uniform: minval..maxval is 1..1", random::uniform_range(key(), [2], F32, 1.0, 1.0)),
        ("uniform: minval..maxval is 2..1", random::uniform_range(key(), [2], F64, 2.0, 1.0)),
        ("uniform: minval..maxval is NaN..1", random::uniform_range(key(), [2], F32, f64::NAN, 1.0)),
        ("uniform: minval..maxval", random::uniform_range(key(), [2], F32, -3e38, 3e38)),
        ("random: dtype is i32", random::uniform_range(key(), [2], I32, 0.0, 1.0)),
        ("random: dtype is bool", random::gumbel(key(), [2], BOOL)),
        ("truncated_normal: lower..upper is 2..-2", random::truncated_normal(key(), [2], F32, 2.0, -2.0)),
        ("truncated_normal: lower..upper is NaN", random::truncated_normal(key(), [2], F32, f32::NAN, 2.0)),
        ("rademacher: dtype is u32", random::rademacher(key(), [2], DType::U32)),
        ("randint: minval..maxval is 3..3", random::randint(key(), [2], 3, 3)),
        ("broadcast", random::bernoulli(key(), &p, [2])),
        ("shuffle: x is f32[]", random::shuffle(key(), &Tensor::scalar(1.0f32))),
        ("permutation: n is", random::permutation(key(), 1 << 40)),
        ("categorical: axis is 1", random::categorical(key(), &p, 1, None)),
        (
            "categorical: shape is [4, 2]",
            random::categorical(key(), &Tensor::zeros([3, 5], F32), 1, Some(&[4, 2])),
        ),
        ("categorical: logits is f32[0]", random::categorical(key(), &Tensor::zeros([0], F32), 0, None)),
        ("choice: n is 0", random::choice(key(), 0, [2], true, None)),
        ("choice: n is 3", random::choice(key(), 3, [4], false, None)),
        ("choice: p is f32[3]", random::choice(key(), 4, [2], true, Some(&p))),
        ("key: words is f32[3]", random::normal(Key::from_tensor(p.clone()), [2])),
        ("fold_in_tensor: data is f32[3]", random::normal(key().fold_in_tensor(&p), [2])),
    ];
    for (message, tensor) in bad {
        let error = tensor.evaluate().expect_err(message).to_string();
        assert!(error.contains(message), "{error}");
        assert!(error.contains("tests/tensor/random.rs"), "not the caller's line: {error}");
    }
}

#[test]
fn rand_draws_from_a_key_and_a_key_from_rand() -> Result<(), Error> {
    use rand::{Rng, RngExt, SeedableRng};
    let mut rng = key().rng()?;
    assert_eq!([rng.next_u32(), rng.next_u32()], [0x7d1c13a2, 0xae0730d9]);
    let x: f64 = rng.random();
    assert!((0.0..1.0).contains(&x));
    let seeded = Key::from_rng(&mut random::KeyRng::seed_from_u64(1));
    assert_eq!(seeded.words()?, Key::from_rng(&mut random::KeyRng::seed_from_u64(1)).words()?);
    let dynamic: &mut dyn Rng = &mut rng;
    assert_ne!(Key::from_rng(dynamic).words()?, seeded.words()?);
    Ok(())
}
