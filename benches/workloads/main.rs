//! Times the workloads that metamlp is compared with other libraries on.
//!
//! ```sh
//! cargo bench --bench workloads                     # all of them, on one thread and on two
//! cargo bench --bench workloads -- W7 --threads 2   # a group, or one by its name
//! ```
//!
//! `--serve N` answers `benches/peers/compare.py` on N threads. `--once mlp` (or
//! `cnn`) makes a model and one result, to time a whole process.

mod cases;
mod models;
mod once;
mod serve;
mod timing;

use std::io::{self, Write};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |flag: &str| {
        let place = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(place + 1).cloned()
    };
    if let Some(model) = value("--once") {
        return once::run(&model);
    }
    if let Some(threads) = value("--serve") {
        return on(threads.parse()?, serve::run);
    }
    // `cargo test --benches` runs this, too: once, to see that it works.
    let is_measured = arguments.iter().any(|argument| argument == "--bench");
    let threads = match value("--threads") {
        Some(threads) => vec![threads.parse()?],
        None => vec![1, 2],
    };
    let wanted: Vec<&String> =
        arguments.iter().filter(|argument| argument.starts_with('W') || argument.starts_with("TF")).collect();
    for threads in threads {
        on(threads, || table(&wanted, threads, is_measured))?;
    }
    Ok(())
}

/// Runs `f` with this many threads for the kernels.
fn on(threads: usize, f: impl FnOnce() -> Outcome + Send) -> Outcome {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    pool.install(|| f().map_err(|error| error.to_string()))?;
    Ok(())
}

/// Prints a line for each workload.
fn table(wanted: &[&String], threads: usize, is_measured: bool) -> Outcome {
    let mut out = io::stdout().lock();
    for name in cases::NAMES {
        let is_wanted =
            |wanted: &&String| name == **wanted || name.split('_').next() == Some(wanted.as_str());
        if !wanted.is_empty() && !wanted.iter().any(is_wanted) {
            continue;
        }
        let Some(mut call) = cases::case(name)? else { continue };
        let seconds = if is_measured { 1.5 } else { 0.0 };
        let mut times = timing::prepare(&mut call)?.measure(&mut call, seconds)?;
        times.sort_unstable_by(f64::total_cmp);
        let (least, median) = (times[0], times[times.len() / 2]);
        writeln!(out, "{name:16} {threads} threads: {median:11.2} us median {least:11.2} us least")?;
    }
    Ok(())
}
