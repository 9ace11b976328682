//! `#[module]`: constructors, setters, the implemented traits, the fields' submodules.

#![warn(clippy::pedantic, missing_docs, unused_qualifications)]
#![allow(clippy::float_cmp)]

use metamlp::prelude::*;
use std::collections::BTreeMap;

fn relu(x: f64) -> f64 {
    x.max(0.0)
}

fn tanh(x: f64) -> f64 {
    x.tanh()
}

/// A layer.
#[module]
pub struct Layer {
    /// How many outputs.
    features: usize,
    /// Whether to add a bias.
    #[default(true)]
    use_bias: bool,
    /// Width of the layer within.
    #[default(4 * features)]
    pub hidden: usize,
    #[default(relu)]
    activation: fn(f64) -> f64,
    #[default(None)]
    momentum: Option<f64>,
    #[default(vec![1, 1])]
    strides: Vec<usize>,
    #[default("dense".to_owned())]
    label: String,
    #[default((0, 0))]
    padding: (usize, usize),
}

#[module]
struct Foo {}

#[module]
struct AutoEncoder {
    encoder: Layer,
    decoder: Layer,
    blocks: Vec<Foo>,
    #[default(None)]
    norm: Option<Foo>,
    heads: BTreeMap<String, Vec<Foo>>,
    width: usize,
}

#[test]
fn new_takes_what_has_no_default_and_setters_the_rest() {
    let dense = Layer::new(16);
    assert_eq!((dense.features, dense.use_bias, dense.hidden), (16, true, 64));
    assert_eq!((dense.activation)(-1.0), 0.0);

    let dense = dense
        .use_bias(false)
        .hidden(3)
        .activation(tanh)
        .momentum(0.9)
        .strides([2, 2])
        .label("wide")
        .padding((1, 2));
    assert!(!dense.use_bias);
    assert_eq!((dense.activation)(-1.0), f64::tanh(-1.0));
    assert_eq!(dense.momentum, Some(0.9));
    assert_eq!((dense.hidden, dense.strides.as_slice(), dense.label.as_str()), (3, &[2, 2][..], "wide"));
    assert_eq!(dense.momentum(None).momentum, None);
}

#[test]
fn a_clone_is_equal_and_a_module_of_its_own() {
    #[module]
    #[derive(PartialEq)]
    struct Scale {
        by: usize,
    }
    #[compact]
    impl Scale {
        fn call(&self, x: &Tensor) -> Tensor {
            x * self.param("scale", initializers::ones(), [])
        }
    }
    #[compact]
    fn model(x: &Tensor) -> Tensor {
        let scale = Scale::new(16);
        scale.clone().call(&scale.call(&scale.call(x)))
    }

    let scale = Scale::new(16).named("first");
    assert_eq!(scale, scale.clone());
    let variables = model().init(Key::new(0), |m| m.call(&Tensor::ones([3], F32))).unwrap();
    assert_eq!(variables.params().names().collect::<Vec<_>>(), ["Scale_0", "Scale_1"]);
}

#[test]
fn debug_shows_the_fields_alone() {
    let auto_encoder = AutoEncoder::new(Layer::new(1), Layer::new(2), vec![], BTreeMap::new(), 3);
    let shown = format!("{auto_encoder:?}");
    assert!(shown.starts_with("AutoEncoder { encoder: Layer { features: 1, use_bias: true,"), "{shown}");
    assert!(shown.ends_with("blocks: [], norm: None, heads: {}, width: 3 }"), "{shown}");
    assert_eq!(format!("{:?}", Foo::new()), "Foo");
}

#[test]
fn default_is_new_where_new_needs_nothing() {
    #[module]
    struct Defaulted {
        #[default(3)]
        width: usize,
    }
    assert_eq!(Defaulted::default().width, 3);
}

/// The names and the classes of the modules in the fields.
fn submodules(module: &impl Module) -> Vec<String> {
    let mut names = Vec::new();
    module.submodules(&mut |name, _| names.push(name.to_owned()));
    names
}

#[test]
fn submodules_are_found_by_trait_in_fields_and_containers() {
    let heads = BTreeMap::from([("a".to_owned(), vec![Foo::new()])]);
    let auto_encoder = AutoEncoder::new(Layer::new(1), Layer::new(2), vec![Foo::new(), Foo::new()], heads, 3);
    assert_eq!(
        submodules(&auto_encoder.norm(Foo::new())),
        ["encoder", "decoder", "blocks_0", "blocks_1", "norm", "heads_a_0"]
    );
    assert!(submodules(&Foo::new()).is_empty());
}

#[test]
fn a_field_that_is_configured_away_is_away_everywhere() {
    #[module]
    struct Partial {
        #[cfg(any())]
        missing: Missing,
        #[cfg(not(any()))]
        present: usize,
        #[cfg(any())]
        #[default(Missing)]
        gone: Missing,
    }
    let partial = Partial::new(3);
    assert_eq!(format!("{:?}", partial.clone()), "Partial { present: 3 }");
}

#[test]
fn raw_names_lose_their_prefix_in_text_only() {
    #[module]
    struct Raw {
        #[default(1)]
        r#type: usize,
    }
    assert_eq!(format!("{:?}", Raw::new().r#type(2)), "Raw { type: 2 }");
}

#[test]
fn a_module_can_come_from_a_macro() {
    macro_rules! layer {
        ($name:ident, $ty:ty, $default:expr) => {
            #[module]
            struct $name {
                width: $ty,
                #[default($default)]
                depth: $ty,
            }
        };
    }
    layer!(Made, usize, 1 + 2);
    assert_eq!(format!("{:?}", Made::new(3).depth(4)), "Made { width: 3, depth: 4 }");
    assert_eq!(Made::new(3).depth, 3);
}

#[test]
fn an_argument_of_new_can_convert() {
    #[module]
    struct Converting {
        #[into]
        sizes: Vec<usize>,
        #[default(sizes.len())]
        count: usize,
    }
    let converting = Converting::new([3, 4]);
    assert_eq!((converting.sizes.as_slice(), converting.count), (&[3, 4][..], 2));
}
