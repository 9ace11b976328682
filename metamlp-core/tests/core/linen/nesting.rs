//! Deep models.

use metamlp::prelude::*;

use super::support::{bits, created, numbers};

/// A weight under `depth` modules.
#[compact]
fn deep(x: &Tensor, #[field] depth: usize) -> Tensor {
    if depth == 0 {
        return x + metamlp::param("w", initializers::normal(1.0), []);
    }
    Deep::new(depth - 1).call(x)
}

fn zero() -> Tensor {
    Tensor::zeros([], F32)
}

/// The value is Flax's.
#[test]
fn a_weight_under_sixty_modules() {
    let variables = created(&deep(60), |m| m.call(&zero()));
    let (path, w) = variables.tensors_with_paths().swap_remove(0);
    assert_eq!(path.to_string(), format!("params/{}w", "Deep_0/".repeat(60)));
    assert_eq!(bits(&w), [0x3f85_9097]);
}

/// Each holds the next.
#[module]
struct Link {
    next: Option<Box<Link>>,
}

#[compact]
impl Link {
    fn call(&self, x: &Tensor) -> Tensor {
        let x = x + self.param("w", initializers::ones(), []);
        let count = self.variable("stats", "count", || 0.0f32);
        count.update(|n| n + 1.0);
        match &self.next {
            Some(next) => next.call(&x),
            None => x,
        }
    }
}

fn chain(length: usize) -> Link {
    (1..length).fold(Link::new(None), |next, _| Link::new(Some(Box::new(next))))
}

#[test]
fn two_hundred_modules_in_each_other() {
    let model = chain(200);
    let (y, variables) = model.init_with_output(Key::new(0), |m| m.call(&zero())).unwrap();
    assert_eq!(numbers(&y), [200.0]);
    assert_eq!(variables.params().size(), 200);
    let options = Options::new().mutable("stats").capture_intermediates(true);
    let (y, updates) = model.apply_mut(&variables, options, |m| m.call(&m.call(&zero()))).unwrap();
    assert_eq!(numbers(&y), [400.0]);
    let stats = Variables::new().with("stats", updates["stats"].clone());
    stats.for_each(&mut |count| assert_eq!(numbers(count), [3.0]));
    let path = format!("intermediates/{}call", "next/".repeat(199));
    assert_eq!(updates.get(&path).unwrap().as_tuple().unwrap().len(), 2);
    let gradient = grad(&variables, |variables| {
        Ok(model.apply_mut(variables, Options::new().mutable("stats"), |m| m.call(&zero()))?.0)
    })
    .unwrap();
    Variables::from_params(gradient.params().clone()).for_each(&mut |g| assert_eq!(numbers(g), [1.0]));
}

/// A path at the end of a long one is told in an error too.
#[test]
fn an_error_deep_down_tells_its_path() {
    let variables = created(&chain(199), |m| m.call(&zero()));
    let options = Options::new().mutable("stats");
    let error = chain(200).apply_mut(&variables, options, |m| m.call(&zero())).unwrap_err().to_string();
    assert!(error.starts_with(&format!("Link{} (", "/next".repeat(199))), "{error}");
}
