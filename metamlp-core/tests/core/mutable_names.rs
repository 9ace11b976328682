//! Typos in `mutable`, and variables that are not read.

use metamlp::Map;
use metamlp::prelude::*;
use metamlp::tensor::statistics::executed_nodes;
use metamlp::{Error, is_mutable_collection, sow, variable};

fn x() -> Tensor {
    Tensor::ones([2, 3], F32)
}

#[compact]
fn model(x: &Tensor) -> Tensor {
    let x = BatchNorm::new().use_running_average(true).call(&Dense::new(2).call(x));
    sow("losses", "penalty", x.square().sum_all());
    x
}

fn variables() -> Variables {
    model().init(Key::new(0), |m| m.call(&x())).unwrap()
}

#[test]
fn a_misspelt_collection_is_told() {
    for (given, meant) in [("batch_stat", "batch_stats"), ("parms", "params"), ("loses", "losses")] {
        let options = Options::new().mutable(vec![given.to_owned()]);
        let line = line!() + 1;
        let error = model().apply_mut(&variables(), options, |m| m.call(&x())).unwrap_err();
        assert!(matches!(&error, Error::UnknownMutable { collection, .. } if collection == given), "{error}");
        assert_eq!(
            error.to_string(),
            format!(
                "metamlp-core/tests/core/mutable_names.rs:{line}: `mutable` names the collection `{given}`, which \
                 is not among the variables and which nothing in the call asked for: did you mean `{meant}`? there \
                 are `params`, `batch_stats` and `losses`"
            )
        );
    }
    let denied = Options::new().mutable(DenyList::new("param"));
    assert!(matches!(
        model().apply_mut(&variables(), denied, |m| m.call(&x())),
        Err(Error::UnknownMutable { .. })
    ));
}

#[test]
fn what_is_not_near_or_was_asked_for_is_fine() {
    let run = |options: Options| {
        model()
            .apply_mut(&variables(), options, |m| m.call(&x()))
            .map(|(_, updates)| updates.names().map(str::to_owned).collect::<Vec<_>>())
    };
    assert_eq!(run(Options::new().mutable(["intermediates"])).unwrap(), Vec::<String>::new());
    assert_eq!(run(Options::new().mutable(["cache", "batch_stats"])).unwrap(), ["batch_stats"]);
    assert_eq!(run(Options::new().mutable(["losses", "loss"])).unwrap(), ["losses"]);
    assert_eq!(run(Options::new().capture_intermediates(true)).unwrap(), ["intermediates"]);
    assert!(run(Options::new().mutable(DenyList::new("intermediates"))).is_ok());

    #[compact]
    fn asks(x: &Tensor) -> Tensor {
        if is_mutable_collection("stats") {
            variable("stat", "n", || 0i32);
        }
        x.clone()
    }
    let stat = Variables::new().with("stat", Map::from([("n", 1i32)]));
    assert!(asks().apply_mut(&stat, Options::new().mutable("stats"), |m| m.call(&x())).is_ok());
}

#[compact]
fn shallow(x: &Tensor) -> Tensor {
    Dense::new(2).call(x)
}

#[test]
fn unused_variables_are_listed() {
    let variables = variables();
    let before = executed_nodes();
    let unused = shallow().unused_variables(&variables, (), |m| m.call(&x())).unwrap();
    let expected = [
        "params/BatchNorm_0/scale",
        "params/BatchNorm_0/bias",
        "batch_stats/BatchNorm_0/mean",
        "batch_stats/BatchNorm_0/var",
        "losses/penalty/0",
    ];
    assert_eq!(unused, expected);
    let used = model().unused_variables(&variables, (), |m| m.call(&x())).unwrap();
    assert_eq!(used, ["losses/penalty/0"]);
    let all = model().unused_variables(&variables, (), |m| m.variables().params().size()).unwrap();
    assert!(all.is_empty(), "{all:?}");
    assert_eq!(executed_nodes(), before);
}
