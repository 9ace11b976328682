//! The folder of results: runs side by side, things in the way, full disks; and exit codes.

use std::ffi::OsStr;
use std::fs;
use std::process::{Command, Output, Stdio};

use super::META_OT;
use super::case::{Case, names};
use super::input::{digits, gzip, idx};

const FILES: [&str; 4] = ["convergence.png", "interpolation.png", "report.json", "weights.safetensors"];

/// A short run with this seed.
fn short(seed: &str) -> [&str; 8] {
    ["--updates", "2", "--batch", "2", "--pairs", "1", "--seed", seed]
}

fn arguments<'a>(of: &'a [&'a str]) -> Vec<&'a dyn AsRef<OsStr>> {
    of.iter().map(|argument| argument as &dyn AsRef<OsStr>).collect()
}

fn read(case: &Case, name: &str) -> Vec<u8> {
    fs::read(case.output().join(name)).expect("the file was written")
}

#[test]
fn runs_side_by_side_leave_the_files_of_one() {
    let seeds = ["1", "2", "3"];
    let alone = [("alone_1", "1"), ("alone_2", "2"), ("alone_3", "3")].map(|(name, seed)| {
        let case = META_OT.case(name);
        case.run(&arguments(&short(seed)));
        case
    });
    let together = META_OT.case("together");
    let output = together.output();
    for _ in 0..2 {
        let runs = seeds.map(|seed| {
            let options = short(seed);
            let mut options = arguments(&options);
            options.extend([&"--output" as &dyn AsRef<OsStr>, &output]);
            META_OT.command(&options).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it runs")
        });
        for run in runs {
            let ended = run.wait_with_output().expect("it ends");
            assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        }
        assert_eq!(names(&output), FILES);
        let seed = together.report()["seed"].as_u64().expect("a number") as usize;
        for name in ["weights.safetensors", "interpolation.png"] {
            assert!(read(&together, name) == read(&alone[seed - 1], name), "{name} is not of seed {seed}");
        }
    }
}

#[test]
fn a_folder_in_the_way_is_found_before_the_training() {
    for name in FILES {
        let case = META_OT.case("in_the_way");
        let output = case.output();
        fs::create_dir_all(output.join(name)).expect("a new folder");
        let old = if name == "report.json" { "convergence.png" } else { "report.json" };
        fs::write(output.join(old), "old").expect("a new file");
        let run = META_OT.run(&[&"--updates", &"1000000", &"--output", &output]);
        META_OT.expect_refusal(&run, &["cannot write", name]);
        assert_eq!(read(&case, old), b"old");
        assert_eq!(names(&output).len(), 2);
    }
}

#[test]
fn a_file_of_several_gzip_members_is_read() {
    let case = META_OT.case("members");
    let whole = idx(0x803, 20, 28, 28, &digits(20));
    for parts in [&[5000][..], &[0, 1, 15_000], &[16], &[3, 10_000]] {
        let mut bytes = Vec::new();
        let mut rest = &whole[..];
        for &part in parts {
            let (first, others) = rest.split_at(part.min(rest.len()));
            bytes.extend(gzip(first));
            rest = others;
        }
        bytes.extend(gzip(rest));
        bytes.extend(gzip(&[]));
        let file = case.file("digits.gz", &bytes);
        case.run(&[&"--images", &file, &"--updates", &"0", &"--pairs", &"1"]);
    }
}

/// Runs a shell command in which `$0` is the example.
#[cfg(target_os = "linux")]
fn shell(case: &Case, command: &str) -> Output {
    let example = META_OT.command(&[]);
    Command::new("sh")
        .args(["-c", command])
        .arg(example.get_program())
        .env("OUT", case.output())
        .stdin(Stdio::null())
        .output()
        .expect("a shell runs")
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_is_an_error_and_a_closed_one_is_not() {
    let case = META_OT.case("full_output");
    for command in
        ["exec \"$0\" --help > /dev/full", "exec \"$0\" --updates 0 --pairs 1 --output \"$OUT\" > /dev/full"]
    {
        let ended = shell(&case, command);
        let error = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{error}");
        assert!(error.contains("meta_ot: cannot write to standard output: "), "{error}");
    }
    assert_eq!(names(&case.output()), FILES);
    // The reader of a pipe has gone.
    let ended = shell(&case, "{ \"$0\" --help; echo code $? >&2; } | true");
    assert!(String::from_utf8_lossy(&ended.stderr).contains("code 0"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_leaves_the_old_files() {
    let case = META_OT.case("full_disk");
    case.run(&arguments(&short("1")));
    let old = FILES.map(|name| read(&case, name));
    // The weights are larger than this limit, in units of 512 bytes, and the pictures are not.
    let ended = shell(
        &case,
        "trap '' XFSZ; ulimit -f 2000; exec \"$0\" --updates 0 --pairs 1 --seed 2 --output \"$OUT\"",
    );
    let error = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{error}");
    assert!(error.contains("cannot be written: "), "{error}");
    assert_eq!(names(&case.output()), FILES);
    assert!(FILES.map(|name| read(&case, name)) == old);
}

#[test]
fn a_wrong_command_line_ends_with_code_2_and_a_wrong_file_with_1() {
    let code = |arguments: &[&dyn AsRef<OsStr>]| META_OT.run(arguments).status.code();
    for wrong in [&["--bach", "1"][..], &["--batch", "0"], &["--epsilon"], &["word"], &["--seed", "one"]] {
        assert_eq!(code(&arguments(wrong)), Some(2), "{wrong:?}");
    }
    assert_eq!(code(&[&"--images", &"/nowhere/digits.gz"]), Some(1));
    assert_eq!(code(&[&"--help"]), Some(0));
    assert_eq!(code(&[&"--version"]), Some(0));
}
