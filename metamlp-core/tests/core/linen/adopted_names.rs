//! Modules that were given a name and are put into a field.

use metamlp::Error;
use metamlp::prelude::*;

#[module]
struct Adopting {
    sub: Dense,
    others: Vec<Dense>,
}

#[compact]
impl Adopting {
    fn call(&self, x: &Tensor) -> Tensor {
        let x = self.others.iter().fold(self.sub.call(x), |x, other| other.call(&x));
        Dense::new(2).named("dense").call(&x)
    }
}

/// Flax: `test_relaxed_adoption`, `test_relaxed_adoption_conflict`,
/// `test_relaxed_adoption_still_conflict`. There the policy is a flag of the process or of a class.
#[test]
fn a_given_name_may_go_before_the_field_s() {
    let options = || Options::from(Key::new(0)).preserve_adopted_names();
    let named = |name: &str| Dense::new(2).named(name);
    let input = Tensor::spec([1, 2], F32);
    let names = |model: &Adopting, options: Options| {
        let variables = model.init(options, |m| m.call(&input))?;
        Ok::<_, Error>(variables.params().names().map(str::to_owned).collect::<Vec<_>>())
    };

    let model = Adopting::new(named("own"), vec![named("first"), Dense::new(2)]);
    assert_eq!(names(&model, Key::new(0).into()).unwrap(), ["sub", "others_0", "others_1", "dense"]);
    assert_eq!(names(&model, options()).unwrap(), ["own", "first", "others_1", "dense"]);

    let variables = model.init(options(), |m| m.call(&input)).unwrap();
    let x = Tensor::ones([1, 2], F32);
    assert!(model.apply(&variables, Options::new().preserve_adopted_names(), |m| m.call(&x)).is_ok());
    let error = model.apply(&variables, (), |m| m.call(&x)).unwrap_err();
    assert!(matches!(error, Error::VariableNotFound { .. }), "{error}");

    // Two of one name, and one that a method makes.
    for clash in [vec![named("own")], vec![named("dense")]] {
        let model = Adopting::new(named("own"), clash);
        assert!(names(&model, Key::new(0).into()).is_ok());
        let error = names(&model, options()).unwrap_err();
        assert!(matches!(error, Error::NameInUse { .. }), "{error}");
    }
}
