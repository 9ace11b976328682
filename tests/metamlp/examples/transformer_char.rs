//! The results of `transformer_char` and its refusals.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

use safetensors::SafeTensors;

use super::TRANSFORMER_CHAR;
use super::case::{Case, names};
use super::input::data;

/// The beginning of the book, enough for a short training.
fn beginning(case: &Case) -> PathBuf {
    let book = fs::read(data("alice.txt")).expect("the text is in the repository");
    case.file("beginning.txt", &book[..3000])
}

#[test]
fn a_run_writes_its_three_files_and_shows_table_and_sample() {
    let case = TRANSFORMER_CHAR.case("run");
    let options = ["--steps", "3", "--batch", "2", "--length", "80", "--prompt", "There was"];
    let text = beginning(&case);
    let mut arguments: Vec<&dyn AsRef<OsStr>> = vec![&"--text", &text];
    arguments.extend(options.iter().map(|option| option as &dyn AsRef<OsStr>));
    let output = case.run(&arguments);
    assert_eq!(names(&case.output()), ["report.json", "sample.txt", "weights.safetensors"]);
    let sample = fs::read_to_string(case.output().join("sample.txt")).expect("the sample was written");
    assert!(sample.starts_with("There was"), "{sample}");
    // Longer than the model's context, with a line end.
    assert_eq!(sample.chars().count(), 81);
    let shown = String::from_utf8_lossy(&output.stdout);
    for text in ["step", "training loss", "held-out loss", "ms per step", sample.trim_end()] {
        assert!(shown.contains(text), "{text} is missing in\n{shown}");
    }

    let report = case.report();
    assert_eq!(report["rows"].as_array().map(Vec::len), Some(3));
    assert_eq!(report["rows"][2]["step"], 3);
    for name in ["loss", "held_out_loss", "seconds_per_step"] {
        assert!(report["rows"][2][name].as_f64().is_some_and(|figure| figure > 0.0), "{name} in {report}");
    }
    let characters = report["vocabulary"].as_u64().expect("a count") as usize;
    let bytes = fs::read(case.output().join("weights.safetensors")).expect("the weights were written");
    let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    assert_eq!(file.tensor("characters.embedding").expect("an embedding").shape(), [characters, 128]);
    assert_eq!(
        file.tensor("Block_0.MultiHeadDotProductAttention_0.query.kernel").expect("a query").shape(),
        [128, 4, 32]
    );
}

#[test]
fn the_same_seed_gives_the_same_run_and_saved_weights_the_same_model() {
    let [first, second] = ["first", "second"].map(|name| {
        let case = TRANSFORMER_CHAR.case(name);
        let text = beginning(&case);
        case.run(&[
            &"--text",
            &text,
            &"--steps",
            &"2",
            &"--batch",
            &"2",
            &"--length",
            &"20",
            &"--seed",
            &"7",
        ]);
        case
    });
    for file in ["sample.txt", "weights.safetensors"] {
        let [first, second] = [&first, &second].map(|case| fs::read(case.output().join(file)).ok());
        assert!(first.is_some() && first == second, "{file} differs");
    }
    let loaded = TRANSFORMER_CHAR.case("loaded");
    let weights = first.output().join("weights.safetensors");
    let text = beginning(&loaded);
    loaded.run(&[
        &"--text",
        &text,
        &"--load",
        &weights,
        &"--batch",
        &"2",
        &"--length",
        &"20",
        &"--seed",
        &"7",
    ]);
    let report = loaded.report();
    assert_eq!(report["held_out_loss"], first.report()["held_out_loss"]);
    assert_eq!(report["rows"].as_array().map(Vec::len), Some(0));
    assert!(
        fs::read(loaded.output().join("sample.txt")).ok() == fs::read(first.output().join("sample.txt")).ok()
    );
}

#[test]
fn texts_that_cannot_be_learnt_from() {
    let case = TRANSFORMER_CHAR.case("texts");
    case.refuses(&[&"--text", &case.folder.join("nowhere.txt")], &["nowhere.txt", "cannot read"]);
    let file = case.file("latin1.txt", &[b'a', 0xe9, b'b'].repeat(1000));
    case.refuses(&[&"--text", &file], &["latin1.txt", "cannot read", "UTF-8"]);
    for text in [&b""[..], b"too short"] {
        let file = case.file("short.txt", text);
        case.refuses(
            &[&"--text", &file, &"--prompt", &"t"],
            &["short.txt", "characters", "expected 650 or more"],
        );
    }
}

#[test]
fn options_out_of_range() {
    let case = TRANSFORMER_CHAR.case("options");
    case.refuses(&[&"--prompt", &"café"], &["'é'", "alice.txt"]);
    case.refuses(&[&"--prompt", &""], &["--prompt", "one character or more"]);
    for (option, value) in [
        ("--temperature", "0"),
        ("--temperature", "-1"),
        ("--temperature", "nan"),
        ("--temperature", "inf"),
        ("--batch", "0"),
        ("--batch", "100000000000"),
        ("--length", "0"),
        ("--steps", "-1"),
        ("--seed", "one"),
    ] {
        case.refuses(&[&option, &value], &[option, value]);
    }
}

#[test]
fn weights_of_another_model() {
    let case = TRANSFORMER_CHAR.case("weights");
    let text: String = ('a'..='z').cycle().take(1000).collect();
    let file = case.file("alphabet.txt", text.as_bytes());
    case.run(&[&"--text", &file, &"--prompt", &"abc", &"--steps", &"0", &"--length", &"5"]);
    let weights = case.output().join("weights.safetensors");
    fs::rename(&weights, case.folder.join("alphabet.safetensors")).expect("the weights were written");
    fs::remove_dir_all(case.output()).expect("the folder was written");
    case.refuses(
        &[&"--load", &case.folder.join("alphabet.safetensors")],
        &["alphabet.safetensors", "characters.embedding", "[26, 128]", "[71, 128]"],
    );
}
