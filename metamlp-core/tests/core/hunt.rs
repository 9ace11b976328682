//! Random calls of activations, attention, initializers, layers, modules and data: none panics. `layers::any_input` searches
//! the options of the layers.

use std::path::Path;

use metamlp::activations::*;
use metamlp::data::Batches;
use metamlp::initializers::{self, Distribution, Mode, VarianceScaling};
use metamlp::prelude::*;
use metamlp::{Map, Pooling};

use crate::choices::Choices;
use crate::hunt_for_panics::{Call, MOST_ELEMENTS, not_hunted, panicked, tensors};

/// The calls that each run makes.
const CALLS: u64 = 3000;

/// Entries of a table: each function, called on `$arguments`.
macro_rules! calls {
    ($c:ident, $arguments:tt: $($name:ident)*) => {
        &[$((stringify!($name), |$c| vec![$name $arguments])),*]
    };
}

const ACTIVATIONS: &[(&str, Call)] = calls! { c, (&c.tensor()):
    celu elu gelu gelu_exact hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu log_sigmoid relu relu6 selu sigmoid
    silu soft_sign softplus swish tanh make_causal_mask
};

const WITH_NUMBERS: &[(&str, Call)] = calls! { c, (&c.tensor(), c.float()):
    celu_with_alpha elu_with_alpha leaky_relu_with_slope
};

const WITH_AN_AXIS: &[(&str, Call)] = calls! { c, (&c.tensor(), c.axis()):
    glu log_softmax logsumexp normalize softmax standardize
};

fn options(c: &mut Choices) -> AttentionOptions {
    let some = |c: &mut Choices| c.flag().then(|| c.tensor());
    AttentionOptions::new()
        .bias(some(c))
        .mask(some(c))
        .dropout_rate(c.float())
        .dropout_rng(c.flag().then(|| c.key()))
        .deterministic(c.flag())
        .broadcast_dropout(c.flag())
        .dtype(c.flag().then(|| c.dtype()))
        .force_fp32_for_softmax(c.flag())
}

/// A query, a key and a value, mostly of shapes that fit.
fn attended(c: &mut Choices) -> [Tensor; 3] {
    let (batch, heads, depth) = (c.small(), c.small(), c.small());
    let mut of = |length: usize| match c.below(6) {
        0 => c.tensor(),
        _ => Tensor::full([batch, length, heads, depth], c.float(), c.of(&[F16, F32, F64])),
    };
    [of(2), of(3), of(3)]
}

fn pooling(c: &mut Choices) -> Pooling {
    Pooling::new(c.list()).strides(c.list()).padding(c.padding()).count_include_pad(c.flag())
}

const OTHERS: &[(&str, Call)] = &[
    ("one_hot", |c| vec![one_hot(&c.integers(), c.small())]),
    ("standardize_with_epsilon", |c| vec![standardize_with_epsilon(&c.tensor(), c.axis(), c.float())]),
    ("dot_product_attention", |c| {
        let [query, key, value] = attended(c);
        vec![dot_product_attention(&query, &key, &value, &options(c))]
    }),
    ("dot_product_attention_weights", |c| {
        let [query, key, _] = attended(c);
        vec![dot_product_attention_weights(&query, &key, &options(c))]
    }),
    ("combine_masks", |c| {
        let masks = [Some(c.tensor()), c.flag().then(|| c.tensor()), Some(c.tensor())];
        combine_masks(masks).into_iter().collect()
    }),
    ("make_attention_mask", |c| vec![make_attention_mask(&c.tensor(), &c.tensor())]),
    ("make_attention_mask_with", |c| vec![make_attention_mask_with(&c.tensor(), &c.tensor(), |a, b| a * b)]),
    ("avg_pool", |c| vec![avg_pool(&c.tensor(), &pooling(c))]),
    ("max_pool", |c| vec![max_pool(&c.tensor(), &pooling(c))]),
    ("min_pool", |c| vec![min_pool(&c.tensor(), &pooling(c))]),
    ("flip_sequences", |c| {
        let lengths = c.flag().then(|| c.integers());
        vec![flip_sequences(&c.tensor(), lengths.as_ref(), c.count().min(c.small()), c.flag())]
    }),
    ("BatchApply::call", |c| {
        let (x, num_dims) = (c.tensor(), c.count());
        vec![BatchApply::new(Tensor::square).num_dims(num_dims).call(&x)]
    }),
];

/// What an initializer makes, without the tensors that are large.
fn made(c: &mut Choices, initializer: impl Into<Initializer>) -> Vec<Tensor> {
    let (initializer, shape) = (initializer.into(), c.shape());
    assert!(initializer.name().len() < 1 << 16);
    vec![initializer.initialize(c.key(), &shape, c.dtype())]
}

/// Entries of a table: each initializer, made by `$arguments`.
macro_rules! initializers {
    ($c:ident, $arguments:tt: $($name:ident)*) => {
        &[$((stringify!($name), |$c| {
            let initializer = initializers::$name $arguments;
            made($c, initializer)
        })),*]
    };
}

const PRESETS: &[(&str, Call)] = initializers! { c, ():
    glorot_normal glorot_uniform he_normal he_uniform kaiming_normal kaiming_uniform lecun_normal lecun_uniform ones
    xavier_normal xavier_uniform zeros
};

const OF_A_NUMBER: &[(&str, Call)] =
    initializers! { c, (c.float()): constant normal truncated_normal uniform };

const MODES: [Mode; 3] = [Mode::FanIn, Mode::FanOut, Mode::FanAvg];
const DISTRIBUTIONS: [Distribution; 3] =
    [Distribution::Normal, Distribution::TruncatedNormal, Distribution::Uniform];

const INITIALIZERS: &[(&str, Call)] = &[
    ("orthogonal", |c| {
        let orthogonal = initializers::orthogonal(c.float(), c.axis());
        made(c, orthogonal)
    }),
    ("delta_orthogonal", |c| {
        let orthogonal = initializers::delta_orthogonal(c.float(), c.axis());
        made(c, orthogonal)
    }),
    ("truncated_normal_within", |c| {
        let within = initializers::truncated_normal_within(c.float(), c.float(), c.float());
        made(c, within)
    }),
    ("variance_scaling", |c| {
        let scaling = initializers::variance_scaling(c.float(), c.of(&MODES), c.of(&DISTRIBUTIONS));
        made(c, scaling)
    }),
    ("VarianceScaling::new", |c| {
        let scaling = VarianceScaling::new(c.float(), c.of(&MODES), c.of(&DISTRIBUTIONS));
        let scaling = scaling.in_axis(c.axes()).out_axis(c.axes()).batch_axis(c.axes());
        made(c, scaling)
    }),
    ("Initializer::new", |c| {
        let odd = c.tensor();
        made(c, Initializer::new(move |_, _, _| odd.clone()))
    }),
    ("Initializer::initialize", |c| {
        vec![initializers::lecun_normal().initialize(c.key(), &c.shape(), c.dtype())]
    }),
];

/// The call of a layer in `init`; on shapes alone if the variables are large.
fn layer<M: Module>(layer: &M, call: impl Fn(&M) -> Tensor) -> Vec<Tensor> {
    let rngs = || Options::new().rng("params", Key::new(0)).rng("dropout", Key::new(1));
    let described = layer.eval_shape(rngs(), &call);
    let size = |tensor: &Tensor| {
        tensor.shape().iter().try_fold(1usize, |size, &extent| size.checked_mul(extent)).unwrap_or(usize::MAX)
    };
    match described {
        Ok(variables) if variables.tensors().iter().all(|tensor| size(tensor) <= MOST_ELEMENTS) => {
            tensors(layer.init_with_output(rngs(), call))
        }
        described => tensors(described.map(|_| Vec::<Tensor>::new())),
    }
}

/// Entries of a table: each layer, and its call on `$x`.
macro_rules! layers {
    ($($name:literal => |$c:ident, $x:ident| $layer:expr, |$m:ident| $call:expr;)*) => {
        &[$(($name, |$c| {
            let $x = $c.tensor();
            let made = $layer;
            layer(&made, |$m| $call)
        })),*]
    };
}

const LAYERS: &[(&str, Call)] = layers! {
    "Dense::call" => |c, x| Dense::new(c.count()), |m| m.call(&x);
    "DenseGeneral::call" => |c, x| DenseGeneral::new(c.list()).axis(c.axes()).batch_dims(c.axes()), |m| m.call(&x);
    "Einsum::call" => |c, x| Einsum::new(c.list(), c.of(&["ab,bc->ac", "...a,ab->...b", "->", "aa,ab"])), |m| m.call(&x);
    "Embed::call" => |c, x| Embed::new(c.count(), c.count()), |m| m.call(&x);
    "Embed::attend" => |c, x| Embed::new(c.small(), c.small()), |m| m.attend(&x);
    "PReLU::call" => |c, x| PReLU::new().negative_slope_init(c.float()).param_dtype(c.dtype()), |m| m.call(&x);
    "Conv::call" => |c, x| Conv::new(c.count(), c.list()).strides(c.list()).feature_group_count(c.small()), |m| m.call(&x);
    "ConvLocal::call" => |c, x| ConvLocal::new(c.count(), c.list()).strides(c.list()), |m| m.call(&x);
    "ConvTranspose::call" => |c, x| ConvTranspose::new(c.count(), c.list()).strides(c.list()), |m| m.call(&x);
    "BatchNorm::call" => |c, x| BatchNorm::new().use_running_average(c.flag()).axis(c.axes()), |m| m.call(&x);
    "LayerNorm::call" => |c, x| LayerNorm::new().epsilon(c.float()).reduction_axes(c.axes()), |m| m.call(&x);
    "RMSNorm::call" => |c, x| RMSNorm::new().epsilon(c.float()).reduction_axes(c.axes()), |m| m.call(&x);
    "GroupNorm::call" => |c, x| GroupNorm::new().num_groups(c.count()).epsilon(c.float()), |m| m.call(&x);
    "InstanceNorm::call" => |c, x| InstanceNorm::new().feature_axes(c.axes()), |m| m.call(&x);
    "SpectralNorm::call" => |c, x| SpectralNorm::new(Dense::new(c.small())).epsilon(c.float()), |m| m.call(&x, true);
    "SpectralNorm::call_with" => |c, x| SpectralNorm::new(Dense::new(c.small())), |m| {
        m.call_with(&args![&x, &x], false).into_tensor()
    };
    "WeightNorm::call" => |c, x| WeightNorm::new(Dense::new(c.small())).epsilon(c.float()), |m| m.call(&x);
    "WeightNorm::call_with" => |c, x| WeightNorm::new(Dense::new(c.small())), |m| m.call_with(&args![&x]).into_tensor();
    "Dropout::call" => |c, x| Dropout::new(c.float()).deterministic(c.flag()).broadcast_dims(c.axes()), |m| m.call(&x);
    "MultiHeadDotProductAttention::call" => |c, x| MultiHeadDotProductAttention::new(c.small()).decode(c.flag()), |m| {
        m.call(&x, Some(&x), None, None)
    };
    "LSTMCell::call" => |c, x| LSTMCell::new(c.small()), |m| m.call(&(x.clone(), x.clone()), &x).1;
    "OptimizedLSTMCell::call" => |c, x| OptimizedLSTMCell::new(c.small()), |m| m.call(&(x.clone(), x.clone()), &x).1;
    "GRUCell::call" => |c, x| GRUCell::new(c.small()), |m| m.call(&x, &x).1;
    "MGUCell::call" => |c, x| MGUCell::new(c.small()), |m| m.call(&x, &x).1;
    "SimpleCell::call" => |c, x| SimpleCell::new(c.small()), |m| m.call(&x, &x).1;
    "ConvLSTMCell::call" => |c, x| ConvLSTMCell::new(c.small(), c.list()), |m| m.call(&(x.clone(), x.clone()), &x).1;
    "RNNCell::step" => |c, x| GRUCell::new(c.small()), |m| m.step(&x, &x).1;
    "RNNCell::initialize_carry" => |c, x| SimpleCell::new(c.small()), |m| m.initialize_carry(&Key::new(0), x.shape());
    "RNN::call" => |c, x| RNN::new(GRUCell::new(c.small())).reverse(c.flag()), |m| m.call(&x);
    "RNN::call_with_carry" => |c, x| RNN::new(LSTMCell::new(c.small())).time_major(c.flag()), |m| m.call_with_carry(&x).1;
    "Bidirectional::call" => |c, x| {
        Bidirectional::new(RNN::new(GRUCell::new(c.small())), RNN::new(SimpleCell::new(2)))
    }, |m| m.call(&x);
    "Bidirectional::call_with_carry" => |c, x| {
        Bidirectional::new(RNN::new(GRUCell::new(c.small())), RNN::new(SimpleCell::new(2)))
    }, |m| m.call_with_carry(&x).1;
    "Sequential::call" => |c, x| Sequential::new().then(Dense::new(c.small())).then_fn(relu), |m| m.call(&x);
    "Sequential::call_with" => |c, x| Sequential::new().then(Dense::new(c.small())), |m| {
        m.call_with(args![&x]).into_tensor()
    };
};

/// Options of a call: streams, mutable collections and captured outputs.
fn call_options(c: &mut Choices) -> Options {
    let mut options = Options::new();
    if c.flag() {
        options = options.rng("params", c.key());
    }
    if c.flag() {
        options = options.mutable(c.of(&["params", "parms", "batch_stats", "intermediates", ""]));
    }
    options.capture_intermediates(c.flag())
}

/// Variables, mostly of `Dense::new(2)`.
fn variables(c: &mut Choices) -> Variables {
    if c.below(4) == 0 {
        return Variables::from_params(Map::new().with("kernel", c.tensor()).with("bias", c.tensor()));
    }
    Dense::new(2).init(Key::new(0), |m| m.call(&Tensor::ones([1, 3], F32))).unwrap()
}

const MODULES: &[(&str, Call)] = &[
    ("Module::init", |c| {
        let (options, x) = (call_options(c), c.tensor());
        tensors(Dense::new(2).init(options, |m| m.call(&x)))
    }),
    ("Module::init_with_output", |c| {
        let (options, x) = (call_options(c), c.tensor());
        tensors(Dense::new(2).init_with_output(options, |m| m.call(&x)))
    }),
    ("Module::eval_shape", |c| {
        let (options, x) = (call_options(c), c.tensor());
        tensors(Dense::new(2).eval_shape(options, |m| m.call(&x)))
    }),
    ("Module::apply", |c| {
        let (variables, options, x) = (variables(c), call_options(c), c.tensor());
        tensors(Dense::new(2).apply(&variables, options, |m| m.call(&x)))
    }),
    ("Module::apply_mut", |c| {
        let (variables, options, x) = (variables(c), call_options(c), c.tensor());
        tensors(Dense::new(2).apply_mut(&variables, options, |m| m.call(&x)))
    }),
    ("Module::bind", |c| {
        let (variables, options, x) = (variables(c), call_options(c), c.tensor());
        tensors(Dense::new(2).bind(&variables, options).run(|m| m.call(&x)))
    }),
    ("Module::invoke", |c| {
        let (variables, x, method) = (variables(c), c.tensor(), c.of(&["call", "cal", ""]));
        let given = c.flag();
        tensors(Dense::new(2).apply(&variables, (), |m| {
            if given { m.invoke(method, args![&x]) } else { m.invoke(method, args![&x, 1.0]) }
        }))
    }),
    ("Module::tabulate", |c| {
        let (options, x) = (call_options(c), c.tensor());
        let table = Dense::new(2).tabulate(options, |m| m.call(&x)).map(|table| {
            assert!(!table.flops(true).vjp_flops(true).to_string().is_empty());
            Vec::<Tensor>::new()
        });
        tensors(table)
    }),
    ("Module::module_paths", |c| {
        let (options, x) = (call_options(c), c.tensor());
        tensors(Dense::new(2).module_paths(options, |m| m.call(&x)).map(|_| Vec::<Tensor>::new()))
    }),
    ("Module::unused_variables", |c| {
        let (variables, options, x) = (variables(c), call_options(c), c.tensor());
        tensors(
            Dense::new(2).unused_variables(&variables, options, |m| m.call(&x)).map(|_| Vec::<Tensor>::new()),
        )
    }),
    ("TrainState::apply_gradients", |c| {
        let state = TrainState::new(&Dense::new(2), variables(c), optim::adam(0.1));
        tensors(state.apply_gradients(variables(c).params()).map(|state| state.params))
    }),
    ("Batches::new", |c| {
        let (data, size) = ((c.tensor(), c.tensor()), c.count());
        let batches =
            Batches::new(data, size).map(|batches| if c.flag() { batches.keep_remainder() } else { batches });
        match batches {
            Err(error) => tensors::<Tensor, _>(Err(error)),
            Ok(batches) => batches.in_order().take(3).flat_map(tensors).collect(),
        }
    }),
    ("Batches::shuffled", |c| {
        let (data, size, ahead) = (Tensor::iota([c.small()], 0, F32), c.small(), c.count());
        let Ok(batches) = Batches::new(data, size) else { return Vec::new() };
        match batches.shuffled(&c.key()) {
            Err(error) => tensors::<Tensor, _>(Err(error)),
            Ok(epoch) => epoch.prefetch(ahead).flat_map(tensors).collect(),
        }
    }),
];

fn calls() -> Vec<(&'static str, Call)> {
    let tables = [
        ACTIVATIONS,
        WITH_NUMBERS,
        WITH_AN_AXIS,
        OTHERS,
        PRESETS,
        OF_A_NUMBER,
        INITIALIZERS,
        LAYERS,
        MODULES,
    ];
    tables.concat()
}

/// Functions that take no part: the macros call them, they read or wrap a value, they need a file, or they are requests
/// of a running module, which the layers make.
const NOT_CALLED: &[&str] = &[
    "Anything::*",
    "Argument::none",
    "AttentionOptions::new",
    "BatchApply::new",
    "Batches::examples",
    "Batches::in_order",
    "Batches::is_empty",
    "Batches::len",
    "Bound::*",
    "BoundArguments::*",
    "Call::*",
    "Capture::only",
    "DenyList::new",
    "Entry::*",
    "Epoch::prefetch",
    "Filter::*",
    "Handle::*",
    "Initializer::name",
    "Initializer::with_name",
    "Inputs::*",
    "IntoArgument::*",
    "Layer::function",
    "Lend::*",
    "Loaned::*",
    "Map::*",
    "Tuple::*",
    "MapVariables::*",
    "Method::*",
    "MethodCall::*",
    "Methods::*",
    "Module::get_variable",
    "Module::has_rng",
    "Module::has_variable",
    "Module::is_initializing",
    "Module::is_mutable_collection",
    "Module::make_rng",
    "Module::name",
    "Module::param",
    "Module::path",
    "Module::perturb",
    "Module::put_variable",
    "Module::share_scope",
    "Module::sow",
    "Module::sow_with",
    "Module::variable",
    "Module::variables",
    "Module::with",
    "Names::*",
    "Opaque::*",
    "Options::*",
    "Output::*",
    "Parameter::*",
    "Pooling::new",
    "Probe::*",
    "RNNCell::num_feature_axes",
    "Rngs::*",
    "Row::*",
    "Scope::*",
    "Seen::*",
    "Size::*",
    "Spec::*",
    "Submodules::*",
    "Table::*",
    "TrainState::new",
    "TrainState::variables",
    "Variable::*",
    "Variables::*",
    "Whole::*",
    "field",
    "get_variable",
    "group_collections",
    "has_rng",
    "has_variable",
    "intercept_methods",
    "is_initializing",
    "is_mutable_collection",
    "load_safetensors",
    "make_rng",
    "map_variables",
    "name",
    "param",
    "path",
    "perturb",
    "put_variable",
    "save_safetensors",
    "share_scope",
    "sow",
    "sow_with",
    "variable",
    "variables",
];

#[test]
fn no_call_panics() {
    let panicked = panicked(&calls(), CALLS);
    assert!(panicked.is_empty(), "{panicked:#?}");
}

#[test]
fn every_public_function_is_called() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let forgotten = not_hunted(&source, &calls(), NOT_CALLED);
    assert!(forgotten.is_empty(), "add these functions to the hunt: {forgotten:#?}");
}
