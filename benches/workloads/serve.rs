//! The line protocol of `benches/peers/compare.py`: a request is
//! `CASE MILLISECONDS`, the answer a JSON object with the microseconds of each block.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};

use serde_json::{Value, json};

use crate::Outcome;
use crate::cases::{self, Call};
use crate::timing::{self, Block};

pub(crate) fn run() -> Outcome {
    let mut out = io::stdout().lock();
    let mut prepared: BTreeMap<String, (Call, Block)> = BTreeMap::new();
    answer(&mut out, &json!({ "ready": "metamlp" }))?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let mut words = line.split_whitespace();
        let Some(name) = words.next() else { continue };
        if name == "quit" {
            break;
        }
        let milliseconds: f64 = words.next().unwrap_or("200").parse()?;
        if !prepared.contains_key(name) {
            let Some(mut call) = cases::case(name)? else {
                answer(&mut out, &json!({ "case": name, "err": "no such case" }))?;
                continue;
            };
            let block = timing::prepare(&mut call)?;
            prepared.insert(name.to_owned(), (call, block));
        }
        if let Some((call, block)) = prepared.get_mut(name) {
            let times = block.measure(call, milliseconds / 1e3)?;
            answer(&mut out, &json!({ "case": name, "k": block.0, "note": "", "us": times }))?;
        }
    }
    Ok(())
}

fn answer(out: &mut impl Write, answer: &Value) -> io::Result<()> {
    writeln!(out, "{answer}")?;
    out.flush()
}
