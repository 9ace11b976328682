//! The line protocol of worker.py, for the workers in Rust.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::time::{Duration, Instant};

use serde_json::json;

pub type Call = Box<dyn FnMut()>;

/// Answers requests until the input ends. `case_of` makes the function to time.
pub fn serve(peer: &str, case_of: impl Fn(&str) -> Result<Call, Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", json!({ "ready": peer }))?;
    out.flush()?;
    let mut cases: BTreeMap<String, (Call, usize)> = BTreeMap::new();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let mut words = line.split_whitespace();
        let Some(name) = words.next() else { continue };
        let seconds = words.next().unwrap_or("200").parse::<f64>()? / 1e3;
        if !cases.contains_key(name) {
            match case_of(name) {
                Ok(call) => {
                    cases.insert(name.to_owned(), prepared(call));
                }
                Err(error) => writeln!(out, "{}", json!({ "case": name, "err": error.to_string() }))?,
            }
        }
        if let Some((call, block)) = cases.get_mut(name) {
            let (mut times, begin) = (Vec::new(), Instant::now());
            while times.len() < 3 || begin.elapsed().as_secs_f64() < seconds {
                let start = Instant::now();
                (0..*block).for_each(|_| call());
                times.push(start.elapsed().as_secs_f64() * 1e6 / *block as f64);
            }
            writeln!(out, "{}", json!({ "case": name, "us": times }))?;
        }
        out.flush()?;
    }
    Ok(())
}

/// Warms the function up and returns the number of calls that take 0.2 ms.
fn prepared(mut call: Call) -> (Call, usize) {
    call();
    let (begin, mut calls) = (Instant::now(), 0);
    while calls < 3 || (begin.elapsed() < Duration::from_millis(50) && calls < 20_000) {
        call();
        calls += 1;
    }
    let each = begin.elapsed().as_secs_f64() / f64::from(calls);
    (call, ((200e-6 / each) as usize).clamp(1, 1000))
}

/// Numbers of about unit variance.
pub fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ((state >> 40) as f32 / (1u64 << 24) as f32 - 0.5) * 3.46
    };
    (0..count).map(|_| next()).collect()
}
