//! `mnist_cnn` and `vae`, which train on the digits in `examples/data`.

use std::fs;

use safetensors::SafeTensors;

use super::case::{Case, Example, names};

const MNIST_CNN: Example = Example("mnist_cnn");
const VAE: Example = Example("vae");

/// The names of the weights, in their order.
fn weights(case: &Case) -> Vec<String> {
    let bytes = fs::read(case.output().join("weights.safetensors")).expect("the weights were written");
    let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let mut names: Vec<String> = file.names().iter().map(|&name| name.to_owned()).collect();
    names.sort();
    names
}

#[test]
fn mnist_cnn_reads_digits() {
    let case = MNIST_CNN.case("quick");
    let output = case.run(&[&"--quick"]);
    assert_eq!(names(&case.output()), ["misclassified.png", "report.json", "weights.safetensors"]);
    case.expect_picture("misclassified.png");
    let layers = ["Conv_0", "Conv_1", "Dense_0", "Dense_1"];
    let expected = layers.iter().flat_map(|layer| ["bias", "kernel"].map(|of| format!("{layer}.{of}")));
    assert_eq!(weights(&case), expected.collect::<Vec<_>>());

    let report = case.report();
    let accuracy = report["accuracy"].as_f64().expect("a number");
    assert!((0.7..1.0).contains(&accuracy), "{accuracy}");
    assert_eq!(report["epochs"].as_array().map(Vec::len), Some(2));
    let confusion: Vec<Vec<usize>> =
        serde_json::from_value(report["confusion"].clone()).expect("a matrix of counts");
    let right: usize = (0..10).map(|digit| confusion[digit][digit]).sum();
    let all: usize = confusion.iter().flatten().sum();
    assert_eq!(report["held_out_digits"], all);
    assert_eq!(report["misclassified"].as_array().map(Vec::len), Some(all - right));
    assert!((right as f64 / all as f64 - accuracy).abs() < 1e-6);
    assert!(String::from_utf8_lossy(&output.stdout).contains(&format!("{right} of {all} held-out digits")));
}

#[test]
fn vae_draws_digits() {
    let case = VAE.case("quick");
    let output = case.run(&[&"--quick", &"--latents", &"3"]);
    let pictures = ["interpolations.png", "reconstructions.png", "samples.png"];
    assert_eq!(
        names(&case.output()),
        [&pictures[..1], &[pictures[1], "report.json", pictures[2]], &["weights.safetensors"]].concat()
    );
    for picture in pictures {
        case.expect_picture(picture);
    }
    assert!(weights(&case).contains(&"encoder.log_variance.kernel".to_owned()), "{:?}", weights(&case));

    let report = case.report();
    let elbo = |epoch: usize| report["epochs"][epoch]["held_out"]["elbo"].as_f64().expect("a number");
    assert!(elbo(0) < elbo(1) && elbo(1) < 0.0, "{} {}", elbo(0), elbo(1));
    assert_eq!(report["latents"], 3);
    assert!(String::from_utf8_lossy(&output.stdout).contains("reconstruction"));
}

#[test]
fn the_same_seed_gives_the_same_figures() {
    let runs = ["seed_first", "seed_second"].map(|name| {
        let case = VAE.case(name);
        case.run(&[&"--quick", &"--epochs", &"1", &"--seed", &"7"]);
        let weights = fs::read(case.output().join("weights.safetensors")).expect("the weights were written");
        (weights, case.report()["epochs"].clone())
    });
    assert!(runs[0] == runs[1], "two runs with one seed differ");
}

#[test]
fn options_that_are_wrong_are_refused_in_one_line() {
    for example in [MNIST_CNN, VAE] {
        let case = example.case("refused");
        case.refuses(&[&"--epochs", &"0"], &["--epochs", "expected a whole number from 1"]);
        case.refuses(&[&"--epochs", &"many"], &["--epochs", "many"]);
        case.refuses(&[&"--seed", &"one"], &["--seed", "one"]);
        case.refuses(&[&"--epoch", &"1"], &["--epoch", "--help"]);
        let file = case.file("taken", b"a file, not a folder");
        let output = example.run(&[&"--output", &file]);
        example.expect_refusal(&output, &["taken", "cannot write", "--output"]);
    }
    VAE.case("latents").refuses(&[&"--latents", &"0"], &["--latents", "expected a whole number from 1"]);
}

#[test]
fn help_names_every_option() {
    for (example, options) in
        [(MNIST_CNN, &["--quick", "--epochs", "--seed", "--output"][..]), (VAE, &["--latents"])]
    {
        let output = example.run(&[&"--help"]);
        assert!(output.status.success());
        let text = String::from_utf8_lossy(&output.stdout);
        for option in options {
            assert!(text.contains(option), "{option} is missing in\n{text}");
        }
    }
}
