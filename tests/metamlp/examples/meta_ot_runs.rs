//! The results of `meta_ot`, and that runs are reproducible.

use std::ffi::OsStr;
use std::fs;
use std::process::{Command, Stdio};

use safetensors::SafeTensors;

use super::META_OT;
use super::case::names;
use super::input::network;

#[test]
fn help_names_every_option() {
    let output = META_OT.run(&[&"--help"]);
    assert!(output.status.success());
    let text = String::from_utf8_lossy(&output.stdout);
    for option in [
        "--quick",
        "--updates",
        "--batch",
        "--epsilon",
        "--images",
        "--pairs",
        "--seed",
        "--load",
        "--output",
    ] {
        assert!(text.contains(option), "{option} is missing in\n{text}");
    }
}

#[test]
fn a_run_writes_its_four_files_and_no_other() {
    let case = META_OT.case("run");
    let output = case.run(&[&"--updates", &"3", &"--batch", &"2", &"--pairs", &"2", &"--seed", &"7"]);
    assert_eq!(
        names(&case.output()),
        ["convergence.png", "interpolation.png", "report.json", "weights.safetensors"]
    );
    let table = String::from_utf8_lossy(&output.stdout);
    for text in ["zeros", "Gaussian", "meta", "1e-2", "1e-3", "1e-4"] {
        assert!(table.contains(text), "{text} is missing in\n{table}");
    }

    let report = case.report();
    assert_eq!(report["updates"], 3);
    assert_eq!(report["seed"], 7);
    assert!(report["seconds_per_update"].as_f64().is_some_and(|seconds| seconds > 0.0));
    assert!(report["loss"].as_f64().is_some_and(f64::is_finite));
    for start in ["zeros", "gaussian", "meta"] {
        let [loose, middle, tight] = ["1e-2", "1e-3", "1e-4"]
            .map(|name| report["iterations"][start][name].as_f64().unwrap_or(f64::NAN));
        assert!(1.0 <= loose && loose <= middle && middle <= tight, "{start}: {loose} {middle} {tight}");
    }

    for name in ["convergence.png", "interpolation.png"] {
        case.expect_picture(name);
    }

    let bytes = fs::read(case.output().join("weights.safetensors")).expect("the weights were written");
    let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let mut found: Vec<_> = file.iter().map(|(name, view)| (name, view.shape().to_vec())).collect();
    let mut expected = network();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn the_same_seed_gives_the_same_weights_and_counts() {
    let runs = [("seed_first", "7"), ("seed_second", "7"), ("seed_other", "8")].map(|(name, seed)| {
        let case = META_OT.case(name);
        case.run(&[&"--updates", &"2", &"--batch", &"3", &"--pairs", &"2", &"--seed", &seed]);
        let report = case.report();
        let weights = fs::read(case.output().join("weights.safetensors")).expect("the weights were written");
        (weights, report["loss"].clone(), report["held_out_loss"].clone(), report["iterations"].clone())
    });
    assert!(runs[0] == runs[1], "two runs with one seed differ");
    assert!(runs[0].0 != runs[2].0, "two seeds give the same weights");
}

#[test]
fn loaded_weights_are_evaluated_as_they_are_or_trained_further() {
    let saved = META_OT.case("save");
    saved.run(&[&"--updates", &"2", &"--batch", &"2", &"--pairs", &"2"]);
    let file = saved.output().join("weights.safetensors");
    let before = fs::read(&file).expect("the weights were written");

    let evaluated = META_OT.case("load");
    evaluated.run(&[&"--load", &file, &"--pairs", &"2"]);
    assert_eq!(evaluated.report()["updates"], 0);
    assert!(evaluated.report()["loss"].is_null());
    assert_eq!(evaluated.report()["iterations"], saved.report()["iterations"]);
    assert!(fs::read(evaluated.output().join("weights.safetensors")).is_ok_and(|after| after == before));

    let trained = META_OT.case("load_and_train");
    trained.run(&[&"--load", &file, &"--updates", &"1", &"--batch", &"2", &"--pairs", &"2"]);
    assert_eq!(trained.report()["updates"], 1);
    assert!(fs::read(trained.output().join("weights.safetensors")).is_ok_and(|after| after != before));
}

#[cfg(unix)]
#[test]
fn control_c_ends_the_training_and_keeps_what_there_is() {
    use std::io::{BufRead, BufReader};

    let case = META_OT.case("interrupt");
    let output = case.output();
    let arguments: [&dyn AsRef<OsStr>; 8] =
        [&"--updates", &"4000000000", &"--batch", &"1", &"--pairs", &"1", &"--output", &output];
    let mut child = META_OT
        .command(&arguments)
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the example runs");
    // The first line on standard error shows that updates have started.
    let mut line = String::new();
    let mut error = BufReader::new(child.stderr.take().expect("standard error is piped"));
    error.read_line(&mut line).expect("the example tells its progress");
    assert!(line.contains("updates/s"), "{line}");
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("kill runs").success());
    // Keeps reading, so that the pipe does not fill up.
    std::io::copy(&mut error, &mut std::io::sink()).expect("standard error can be read");

    let finished = child.wait_with_output().expect("the example ends");
    assert!(finished.status.success());
    assert!(String::from_utf8_lossy(&finished.stdout).contains("ended by Ctrl-C"));
    let report = case.report();
    assert_eq!(report["interrupted"], true);
    assert!(report["updates"].as_u64().is_some_and(|updates| (1..4_000_000_000).contains(&updates)));
    assert_eq!(names(&output).len(), 4);
}
