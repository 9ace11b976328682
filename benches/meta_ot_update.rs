//! One training step of the main job: `MetaInitializer::update` on 128 pairs of
//! MNIST digits, 28x28 grid, squared Euclidean, epsilon 1e-2, 512x3, Adam 1e-3.
//!
//! ```sh
//! cargo bench --bench meta_ot_update
//! METAMLP_PEER_PYTHON=env/bin/python cargo bench --bench meta_ot_update
//! ```
//!
//! The second form also runs OTT-JAX's step (`benches/peers/ott_update.py`, whose
//! head lists its requirements) in turns with this one. Both are warmed up and have
//! their batch in memory before the clock starts.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use metamlp::ot::{Grid, MetaInitializer};
use metamlp::prelude::*;
use metamlp_experiment::{Images, PIXELS, SIDE};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const BATCH: usize = 128;
const ROUNDS: u32 = 20;

fn main() -> Result<()> {
    // `cargo test --benches` runs this, too: once, to see that it works.
    let rounds = if std::env::args().any(|argument| argument == "--bench") { ROUNDS } else { 1 };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let images = root.join("examples/data/mnist-10k-images-idx3-ubyte.gz");
    let mut ours = Ours::new(&images)?;
    let peer = std::env::var_os("METAMLP_PEER_PYTHON");
    let mut peer = peer.map(|python| Peer::start(python, root, &images)).transpose()?;

    let (mut our_seconds, mut peer_seconds) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        our_seconds.push(ours.update()?);
        if let Some(peer) = &mut peer {
            peer_seconds.push(peer.update()?);
        }
    }

    let mut out = io::stdout().lock();
    let (median, least) = show(&mut out, "metamlp", &mut our_seconds)?;
    if peer.is_some() {
        let (peer_median, peer_least) = show(&mut out, "OTT-JAX", &mut peer_seconds)?;
        writeln!(out, "ratio    median {:6.2}      least {:6.2}", peer_median / median, peer_least / least)?;
    }
    Ok(())
}

/// Prints and returns the median and the minimum.
fn show(out: &mut impl Write, name: &str, seconds: &mut [f64]) -> Result<(f64, f64)> {
    seconds.sort_by(f64::total_cmp);
    let (median, least) = (seconds[seconds.len() / 2], seconds[0]);
    let updates = seconds.len();
    writeln!(out, "{name:8} median {:9.2} ms least {:9.2} ms, {updates} updates", median * 1e3, least * 1e3)?;
    Ok((median, least))
}

/// The initializer and the digits that pairs are drawn from.
struct Ours {
    meta: MetaInitializer,
    /// `[images, pixels]`, each row a distribution.
    digits: Tensor,
    key: Key,
}

impl Ours {
    fn new(images: &Path) -> Result<Self> {
        let grid = Grid::from_size([SIDE, SIDE], F32, 1e-2)?;
        let meta = MetaInitializer::new(grid, Key::new(0))?;
        let mut ours = Self { meta, digits: read_digits(images)?, key: Key::new(1) };
        for _ in 0..2 {
            ours.update()?;
        }
        Ok(ours)
    }

    /// The seconds of one update.
    fn update(&mut self) -> Result<f64> {
        let keys = self.key.split(3);
        self.key = keys[0].clone();
        let count = i32::try_from(self.digits.shape()[0])?;
        let draw = |key: &Key| self.digits.take(&random::randint(key, [BATCH], 0, count), 0);
        let (a, b) = evaluate((draw(&keys[1]), draw(&keys[2])))?;
        let start = Instant::now();
        let (loss, _) = self.meta.update(&a, &b)?;
        let seconds = start.elapsed().as_secs_f64();
        let loss = loss.item::<f32>()?;
        if loss.is_finite() { Ok(seconds) } else { Err(format!("the loss is {loss}").into()) }
    }
}

/// Reads the images of the IDX file as distributions.
fn read_digits(path: &Path) -> Result<Tensor> {
    let pixels: Vec<f32> = Images::read(path)?.iter().flatten().copied().map(f32::from).collect();
    let images = Tensor::from_vec([pixels.len() / PIXELS, PIXELS], pixels);
    Ok(evaluate(&images / images.sum_keepdims([-1]))?)
}

/// OTT-JAX in a separate process: a line sent to it starts an update, its answer is
/// the seconds.
struct Peer {
    process: Child,
    requests: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    fn start(python: OsString, root: &Path, images: &PathBuf) -> Result<Self> {
        let mut command = Command::new(python);
        command.arg(root.join("benches/peers/ott_update.py")).arg(images);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let requests = process.stdin.take().ok_or("the peer has no input")?;
        let answers = process.stdout.take().ok_or("the peer has no output")?;
        let mut peer = Self { process, requests, answers: BufReader::new(answers).lines() };
        match peer.answer()?.as_str() {
            "ready" => Ok(peer),
            other => Err(format!("the peer said {other:?} and not \"ready\"").into()),
        }
    }

    fn update(&mut self) -> Result<f64> {
        writeln!(self.requests)?;
        Ok(self.answer()?.parse()?)
    }

    fn answer(&mut self) -> Result<String> {
        Ok(self.answers.next().ok_or("the peer ended; what it said is above")??)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // An error means that the process has already ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
