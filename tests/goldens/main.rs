//! Golden cases from the real JAX, Flax, optax and OTT-JAX, one test per case, called
//! `<kind>::<case>`. `METAMLP_GOLDENS=DIR` names another folder of them. The
//! kinds are listed here; the module with the name of a kind runs its cases.

mod activations;
mod case;
mod compare;
mod initializers;
mod layers;
mod models;
mod module;
mod optimizers;
mod ot;
mod random;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use case::Case;
use libtest_mimic::{Arguments, Failed, Trial};

type Check = fn(&Case) -> Result<(), Failed>;

/// The kinds that the harness knows.
const KINDS: &[(&str, Check)] = &[
    ("activations", activations::check),
    ("initializers", initializers::check),
    ("layers", layers::check),
    ("models", models::check),
    ("optimizers", optimizers::check),
    ("ot", ot::check),
    ("random", random::check),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = std::env::var_os("METAMLP_GOLDENS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens"), PathBuf::from);
    libtest_mimic::run(&arguments, trials(&folder)).exit_code()
}

/// One test per case of each kind in the folder. An unreadable case is a failing
/// test, so that none is skipped silently.
fn trials(folder: &Path) -> Vec<Trial> {
    let kinds = match case::kinds(folder) {
        Ok(kinds) => kinds,
        Err(message) => return vec![Trial::test("goldens", move || Err(message))],
    };
    let mut trials = Vec::new();
    for kind in kinds {
        let check = KINDS.iter().find(|(name, _)| *name == kind).map(|(_, check)| *check);
        match case::read(folder, &kind) {
            Ok(cases) => trials.extend(cases.into_iter().map(|case| trial(&kind, check, case))),
            Err(message) => trials.push(Trial::test(format!("{kind}::read"), move || Err(message))),
        }
    }
    trials
}

fn trial(kind: &str, check: Option<Check>, case: Case) -> Trial {
    let kind = kind.to_owned();
    Trial::test(format!("{kind}::{}", case.name()), move || {
        let check = check.ok_or_else(|| format!("the harness knows no kind `{kind}`"))?;
        check(&case)?;
        case.all_compared()
    })
}
