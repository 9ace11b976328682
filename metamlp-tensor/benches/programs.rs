//! Times of whole programs: a training step, a log-sum-exp that is never materialised, random numbers, activations, norms,
//! a tiny program, and convolutions with their gradients.
//!
//! `cargo bench -p metamlp-tensor [NAME..]` prints the minimum and the median time of each case in µs, on one and on two
//! threads.
#![expect(clippy::print_stdout, reason = "a benchmark prints its results")]

use std::time::{Duration, Instant};

use metamlp_tensor::{Convolution, F32, Padding, Result, Tensor, grad, jit, random, value_and_grad};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let wanted = |name: &str| {
        arguments.is_empty() || arguments.iter().any(|argument| name.contains(argument.as_str()))
    };
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let Ok(pool) = pool else { continue };
        pool.install(|| -> Result<()> {
            for (name, case) in CASES {
                if wanted(name) {
                    let (minimum, median) = case()?;
                    let (minimum, median) = (minimum.as_secs_f64() * 1e6, median.as_secs_f64() * 1e6);
                    println!("{name:16} {threads} threads: {minimum:10.1} minimum {median:10.1} median");
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}

type Times = (Duration, Duration);

type Case = fn() -> Result<Times>;

const CASES: [(&str, Case); 17] = [
    ("train_step", train_step),
    ("forward_1", || forward(1)),
    ("forward_128", || forward(128)),
    ("logsumexp", logsumexp),
    ("normal", normal),
    ("gelu", gelu),
    ("layer_norm", || layer_norm(Tensor::clone)),
    ("gelu_layer_norm", || layer_norm(gelu_of)),
    ("softmax", softmax),
    ("tiny", tiny),
    ("conv_1_32", || convolution(&[64, 28, 28, 1], 32, 1, Pass::Forward)),
    ("conv_1_32_dw", || convolution(&[64, 28, 28, 1], 32, 1, Pass::Kernel)),
    ("conv_32_64", || convolution(&[64, 14, 14, 32], 64, 1, Pass::Forward)),
    ("conv_32_64_dx", || convolution(&[64, 14, 14, 32], 64, 1, Pass::Operand)),
    ("conv_32_64_dw", || convolution(&[64, 14, 14, 32], 64, 1, Pass::Kernel)),
    ("depthwise", || convolution(&[64, 28, 28, 32], 32, 32, Pass::Forward)),
    ("depthwise_dw", || convolution(&[64, 28, 28, 32], 32, 32, Pass::Kernel)),
];

fn time(mut f: impl FnMut() -> Result<()>) -> Result<Times> {
    let mut times = Vec::new();
    let begin = Instant::now();
    f()?;
    while begin.elapsed() < Duration::from_millis(1500) {
        let start = Instant::now();
        f()?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok((times[0], times[times.len() / 2]))
}

fn noise(seed: i64, shape: &[usize]) -> Result<Tensor> {
    let x = random::normal(random::Key::new(seed), shape) * 0.05;
    x.evaluate()?;
    Ok(x)
}

const WIDTHS: [usize; 5] = [1568, 512, 512, 512, 784];

fn network(x: &Tensor, parameters: &[(Tensor, Tensor)]) -> Tensor {
    let mut x = x.clone();
    for (i, (kernel, bias)) in parameters.iter().enumerate() {
        x = x.matmul(kernel) + bias;
        if i + 1 < parameters.len() {
            x = x.maximum(0.0);
        }
    }
    x
}

fn parameters() -> Result<Vec<(Tensor, Tensor)>> {
    WIDTHS
        .windows(2)
        .enumerate()
        .map(|(i, pair)| Ok((noise(i as i64, pair)?, noise(9, &pair[1..])?)))
        .collect()
}

type Moments = Vec<(Tensor, Tensor)>;

fn adam(p: &Tensor, g: &Tensor, m: &Tensor, v: &Tensor, step: &Tensor) -> [Tensor; 3] {
    let m = m * 0.9 + g * 0.1;
    let v = v * 0.999 + g.square() * 0.001;
    let one = Tensor::full([], 1.0, F32);
    let m_hat = &m / (&one - Tensor::full([], 0.9, F32).power(step));
    let v_hat = &v / (&one - Tensor::full([], 0.999, F32).power(step));
    let p = p - m_hat / (v_hat.sqrt() + 1e-8) * 1e-3;
    [p, m, v]
}

fn train_step() -> Result<Times> {
    let step = jit(|(p, m, v): (Moments, Moments, Moments), count: Tensor, x: Tensor, y: Tensor| {
        let (loss, g) = value_and_grad(&p, |p| (network(&x, p) - &y).square().mean_all())?;
        let count = count + 1.0;
        let (mut p2, mut m2, mut v2) = (Moments::new(), Moments::new(), Moments::new());
        for i in 0..p.len() {
            let [pk, mk, vk] = adam(&p[i].0, &g[i].0, &m[i].0, &v[i].0, &count);
            let [pb, mb, vb] = adam(&p[i].1, &g[i].1, &m[i].1, &v[i].1, &count);
            p2.push((pk, pb));
            m2.push((mk, mb));
            v2.push((vk, vb));
        }
        Ok(((p2, m2, v2), count, loss))
    });
    let p = parameters()?;
    let zeros: Moments = p.iter().map(|(k, b)| (k * 0.0, b * 0.0)).collect();
    let (x, y) = (noise(7, &[128, 1568])?, noise(8, &[128, 784])?);
    let mut state = (p, zeros.clone(), zeros);
    let mut count = Tensor::scalar(0.0f32);
    time(move || {
        let owned = std::mem::take(&mut state);
        let (next, counted, _loss) = step(owned, count.clone(), x.clone(), y.clone())?;
        (state, count) = (next, counted);
        Ok(())
    })
}

fn forward(batch: usize) -> Result<Times> {
    let p = parameters()?;
    let x = noise(7, &[batch, 1568])?;
    let run = jit(move |x: Tensor| Ok(network(&x, &p)));
    time(|| run(x.clone()).map(drop))
}

fn logsumexp() -> Result<Times> {
    let (f, c) = (noise(1, &[128, 28, 1, 28])?, noise(2, &[28, 28, 1])?);
    let run = jit(|f: Tensor, c: Tensor| Ok((f - c).logsumexp([1])));
    time(|| run(f.clone(), c.clone()).map(drop))
}

fn normal() -> Result<Times> {
    let key = random::Key::new(3);
    time(|| random::normal(&key, [1_700_000]).evaluate())
}

fn gelu_of(x: &Tensor) -> Tensor {
    let is_inside = x.abs().less(1e3);
    let inside = is_inside.select(x, 0);
    let argument = (&inside + inside.integer_pow(3) * 0.044_715) * 0.797_884_56;
    is_inside.select(&inside * ((argument.tanh() + 1.0) * 0.5), x.maximum(0))
}

fn layer_norm_of(x: &Tensor, scale: &Tensor, bias: &Tensor) -> Tensor {
    let mean = x.mean_keepdims([-1]);
    let variance = (x.square().mean_keepdims([-1]) - mean.square()).maximum(0);
    (x - mean) * ((variance + 1e-6).rsqrt() * scale) + bias
}

fn gelu() -> Result<Times> {
    let x = noise(1, &[4096, 768])?;
    let run = jit(|x: Tensor| Ok(gelu_of(&x)));
    time(|| run(x.clone()).map(drop))
}

fn layer_norm(first: fn(&Tensor) -> Tensor) -> Result<Times> {
    let (x, scale, bias) = (noise(1, &[4096, 768])?, noise(2, &[768])?, noise(3, &[768])?);
    let run = jit(move |x: Tensor, scale: Tensor, bias: Tensor| Ok(layer_norm_of(&first(&x), &scale, &bias)));
    time(|| run(x.clone(), scale.clone(), bias.clone()).map(drop))
}

fn softmax() -> Result<Times> {
    let x = noise(1, &[512, 4096])?;
    let run = jit(|x: Tensor| Ok(x.softmax(-1)));
    time(|| run(x.clone()).map(drop))
}

#[derive(Clone, Copy)]
enum Pass {
    Forward,
    Operand,
    Kernel,
}

/// A 3x3 convolution, or one of its gradients alone.
fn convolution(images: &[usize], out: usize, groups: usize, pass: Pass) -> Result<Times> {
    let way = Convolution::new().padding(Padding::Same).feature_group_count(groups);
    let features = images[3] / groups;
    let (x, w) = (noise(1, images)?, noise(2, &[3, 3, features, out])?);
    let ct = noise(3, &[images[0], images[1], images[2], out])?;
    let run = jit(move |x: Tensor, w: Tensor, ct: Tensor| {
        let loss = |x: &Tensor, w: &Tensor| (x.conv_general_dilated(w, &way) * &ct).sum_all();
        match pass {
            Pass::Forward => Ok(x.conv_general_dilated(&w, &way)),
            Pass::Operand => grad(&x, |x| loss(x, &w)),
            Pass::Kernel => grad(&w, |w| loss(&x, w)),
        }
    });
    time(|| run(x.clone(), w.clone(), ct.clone()).map(drop))
}

fn tiny() -> Result<Times> {
    let (x, w, b) = (noise(1, &[1, 7])?, noise(2, &[7, 16])?, noise(3, &[16])?);
    let run = jit(|x: Tensor, w: Tensor, b: Tensor| {
        let h = x.matmul(&w) + b;
        let h = (&h - h.mean_keepdims([1])) * (h.var([1]) + 1e-5).rsqrt();
        Ok(h.maximum(0.0).sum_all())
    });
    time(|| run(x.clone(), w.clone(), b.clone()).map(drop))
}
