//! Refusals of `meta_ot`: one line, exit code 1 or for a wrong command line 2, no files.

use std::fs;

use super::META_OT;
use super::input::{PIXELS, data, digits, gzip, idx, network, weights};

#[test]
fn a_file_that_is_not_gzip() {
    let case = META_OT.case("not_gzip");
    let file = case.file("digits.gz", &idx(0x803, 20, 28, 28, &digits(20)));
    case.refuses(&[&"--images", &file], &["digits.gz", "not gzip", "begins with 00 00", "expected 1f 8b"]);
}

#[test]
fn an_empty_file() {
    let case = META_OT.case("empty");
    let file = case.file("digits.gz", b"");
    case.refuses(&[&"--images", &file], &["digits.gz", "not gzip", "0 bytes"]);
}

#[test]
fn a_truncated_file() {
    let case = META_OT.case("truncated");
    let whole = gzip(&idx(0x803, 20, 28, 28, &digits(20)));
    for length in [3, 12, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        let file = case.file("digits.gz", &whole[..length]);
        case.refuses(&[&"--images", &file], &["digits.gz", "truncated"]);
    }
}

#[test]
fn a_damaged_file() {
    let case = META_OT.case("damaged");
    let mut bytes = gzip(&idx(0x803, 20, 28, 28, &digits(20)));
    let checksum = bytes.len() - 6;
    bytes[checksum] ^= 0xff;
    let file = case.file("digits.gz", &bytes);
    case.refuses(&[&"--images", &file], &["digits.gz", "damaged"]);
}

#[test]
fn data_behind_the_gzip_data() {
    let case = META_OT.case("behind");
    let whole = gzip(&idx(0x803, 20, 28, 28, &digits(20)));
    for garbage in [&b"garbage"[..], b"\x1f", b"\x1f\x8b", &[0; 20], &whole[..20]] {
        let file = case.file("digits.gz", &[&whole, garbage].concat());
        case.refuses(&[&"--images", &file], &["digits.gz", "15696 bytes unpacked"]);
    }
    let file = case.file("digits.gz", &[&whole[..], &whole].concat());
    case.refuses(&[&"--images", &file], &["digits.gz", "15697 or more bytes", "expected 15696"]);
}

#[test]
fn pixels_that_do_not_fit_the_header() {
    let case = META_OT.case("length");
    for count in [19, 21] {
        let file = case.file("digits.gz", &gzip(&idx(0x803, 20, 28, 28, &digits(count))));
        case.refuses(&[&"--images", &file], &["digits.gz", "bytes", "expected 15696", "20 images"]);
    }
    let file = case.file("digits.gz", &gzip(&[0, 0, 8, 3, 0]));
    case.refuses(&[&"--images", &file], &["digits.gz", "5 bytes", "header of 16"]);
}

#[test]
fn images_of_another_size() {
    let case = META_OT.case("size");
    let file = case.file("digits.gz", &gzip(&idx(0x803, 20, 27, 29, &vec![1; 20 * 27 * 29])));
    case.refuses(&[&"--images", &file], &["digits.gz", "27x29", "expected 28x28"]);
}

#[test]
fn labels_in_place_of_images() {
    let case = META_OT.case("labels");
    let file = data("mnist-10k-labels-idx1-ubyte.gz");
    case.refuses(&[&"--images", &file], &["labels", "0x00000801", "expected 0x00000803"]);
}

#[test]
fn counts_that_cannot_be_split_or_held() {
    let case = META_OT.case("count");
    for count in [0, 9, u32::MAX] {
        let file = case.file("digits.gz", &gzip(&idx(0x803, count, 28, 28, &digits(9))));
        case.refuses(&[&"--images", &file], &["digits.gz", &format!("{count} images"), "expected 10 to"]);
    }
}

#[test]
fn an_image_of_zeros() {
    let case = META_OT.case("zeros");
    let mut pixels = digits(20);
    pixels[7 * PIXELS..8 * PIXELS].fill(0);
    let file = case.file("digits.gz", &gzip(&idx(0x803, 20, 28, 28, &pixels)));
    case.refuses(&[&"--images", &file], &["digits.gz", "image 7", "all zeros"]);
}

#[test]
fn a_missing_file_and_a_folder() {
    let case = META_OT.case("missing");
    case.refuses(&[&"--images", &case.folder.join("nowhere.gz")], &["nowhere.gz", "cannot read"]);
    case.refuses(&[&"--images", &case.folder], &[case.name, "cannot read"]);
    case.refuses(
        &[&"--load", &case.folder.join("nowhere.safetensors")],
        &["nowhere.safetensors", "cannot be read"],
    );
}

#[test]
fn an_epsilon_that_is_not_positive() {
    let case = META_OT.case("epsilon");
    for epsilon in ["0", "-0.01", "-1", "nan", "NaN", "inf", "-inf", "1e-300", "1e300", "small", ""] {
        case.refuses(&[&"--epsilon", &epsilon], &["--epsilon", epsilon, "expected a number greater than 0"]);
    }
}

#[test]
fn counts_out_of_range() {
    let case = META_OT.case("numbers");
    for (option, value) in [
        ("--batch", "0"),
        ("--batch", "-1"),
        ("--batch", "1e3"),
        ("--batch", "100000000000"),
        ("--pairs", "0"),
        ("--updates", "-1"),
        ("--updates", "many"),
        ("--updates", "99999999999"),
        ("--seed", "one"),
    ] {
        case.refuses(&[&option, &value], &[option, value]);
    }
    case.refuses(&[&"--batch", &"0"], &["expected a whole number from 1"]);
    case.refuses(&[&"--bach", &"1"], &["--bach", "--help"]);
    case.refuses(&[&"--epsilon"], &["--epsilon", "--help"]);
}

#[test]
fn a_folder_that_cannot_be_written_before_it_trains() {
    let case = META_OT.case("output");
    let file = case.file("taken", b"a file, not a folder");
    for folder in [file.clone(), file.join("below")] {
        let output = META_OT.run(&[&"--output", &folder, &"--updates", &"1000000"]);
        META_OT.expect_refusal(&output, &["taken", "cannot write", "--output"]);
    }
    assert_eq!(fs::read(file).expect("the file is still there"), b"a file, not a folder");
}

#[test]
fn weights_that_are_not_safetensors() {
    let case = META_OT.case("not_safetensors");
    for bytes in [&b""[..], b"\x08\0\0\0\0\0\0\0{\"a\": 1}", b"PK\x03\x04 some other archive", &[0xff; 64]] {
        let file = case.file("weights.safetensors", bytes);
        case.refuses(&[&"--load", &file], &["weights.safetensors", "not a safetensors file"]);
    }
}

#[test]
fn weights_of_another_network() {
    let case = META_OT.case("weights");

    let mut names = network();
    names[0].0 = "Dense_9.kernel";
    let file = case.file("weights.safetensors", &weights(&names, 0.0));
    case.refuses(&[&"--load", &file], &["weights.safetensors", "Dense_9.kernel", "Dense_0.kernel"]);

    let mut missing = network();
    missing.pop();
    let file = case.file("weights.safetensors", &weights(&missing, 0.0));
    case.refuses(&[&"--load", &file], &["weights.safetensors", "Dense_3"]);

    let mut shape = network();
    shape[0].1 = vec![128, 512];
    let file = case.file("weights.safetensors", &weights(&shape, 0.0));
    case.refuses(&[&"--load", &file], &["Dense_0.kernel", "[128, 512]", "[1568, 512] was expected"]);

    let file = case.file("weights.safetensors", &weights(&network(), f32::NAN));
    case.refuses(&[&"--load", &file], &["weights.safetensors", "NaN", "expected finite"]);
}
