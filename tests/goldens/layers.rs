//! `layers`: each layer with the fields of the description, against Flax.

use std::cell::RefCell;

use libtest_mimic::Failed;
use metamlp::Initializer;
use metamlp::layers::*;
use metamlp::prelude::*;
use metamlp::tensor::Padding;
use metamlp::{Cell, Pooling, Sizes};
use serde_json::{Map, Value};

use crate::case::Case;
use crate::module::run;

pub(crate) fn check(case: &Case) -> Result<(), Failed> {
    let fields = Fields::of(case)?;
    let flag = |name: &str| case.field("kwargs")[name].as_bool();
    let layer = case.text("layer")?;
    match layer {
        "Dense" => {
            let layer = Dense::new(fields.count("features")?)
                .use_bias(fields.flag("use_bias").unwrap_or(true))
                .kernel_init(fields.initializer("kernel_init")?.unwrap_or_else(initializers::lecun_normal));
            fields.all_used()?;
            run_unary(case, &layer, Dense::call)
        }
        "DenseGeneral" => {
            let mut layer = DenseGeneral::new(fields.sizes("features")?.unwrap_or_default());
            if let Some(axis) = fields.axes("axis")? {
                layer = layer.axis(axis);
            }
            if let Some(batch_dims) = fields.axes("batch_dims")? {
                layer = layer.batch_dims(batch_dims);
            }
            fields.all_used()?;
            run_unary(case, &layer, DenseGeneral::call)
        }
        "Einsum" => {
            let layer = Einsum::new(fields.sizes("shape")?.unwrap_or_default(), fields.text("einsum_str")?);
            fields.all_used()?;
            run_unary(case, &layer, Einsum::call)
        }
        "Embed" => {
            let layer = Embed::new(fields.count("num_embeddings")?, fields.count("features")?);
            fields.all_used()?;
            run_unary(case, &layer, Embed::call)
        }
        "Conv" => {
            let mut layer =
                Conv::new(fields.count("features")?, fields.sizes("kernel_size")?.unwrap_or_default())
                    .feature_group_count(fields.count("feature_group_count").unwrap_or(1))
                    .padding(fields.padding()?);
            if let Some(strides) = fields.sizes("strides")? {
                layer = layer.strides(strides);
            }
            if let Some(dilation) = fields.sizes("input_dilation")? {
                layer = layer.input_dilation(dilation);
            }
            if let Some(dilation) = fields.sizes("kernel_dilation")? {
                layer = layer.kernel_dilation(dilation);
            }
            fields.all_used()?;
            run_unary(case, &layer, Conv::call)
        }
        "ConvTranspose" => {
            let layer = ConvTranspose::new(
                fields.count("features")?,
                fields.sizes("kernel_size")?.unwrap_or_default(),
            )
            .strides(fields.sizes("strides")?.unwrap_or_default())
            .padding(fields.padding()?)
            .transpose_kernel(fields.flag("transpose_kernel").unwrap_or(false));
            fields.all_used()?;
            run_unary(case, &layer, ConvTranspose::call)
        }
        "ConvLocal" => {
            let kernel_size = fields.sizes("kernel_size")?.unwrap_or_default();
            let layer = ConvLocal::new(fields.count("features")?, kernel_size).padding(fields.padding()?);
            fields.all_used()?;
            run_unary(case, &layer, ConvLocal::call)
        }
        "BatchNorm" => {
            let mut layer = BatchNorm::new()
                .use_running_average(flag("use_running_average"))
                .momentum(fields.number("momentum").unwrap_or(0.99))
                .use_scale(fields.flag("use_scale").unwrap_or(true));
            if let Some(axis) = fields.axes("axis")? {
                layer = layer.axis(axis);
            }
            fields.all_used()?;
            run_unary(case, &layer, BatchNorm::call)
        }
        "LayerNorm" => {
            let mut layer = LayerNorm::new()
                .epsilon(fields.number("epsilon").unwrap_or(1e-6))
                .use_bias(fields.flag("use_bias").unwrap_or(true));
            if let Some(axes) = fields.axes("reduction_axes")? {
                layer = layer.reduction_axes(axes);
            }
            if let Some(axes) = fields.axes("feature_axes")? {
                layer = layer.feature_axes(axes);
            }
            fields.all_used()?;
            run_unary(case, &layer, LayerNorm::call)
        }
        "RMSNorm" => {
            fields.all_used()?;
            run_unary(case, &RMSNorm::new(), RMSNorm::call)
        }
        "GroupNorm" => {
            let layer = GroupNorm::new()
                .num_groups(fields.count("num_groups").ok())
                .group_size(fields.count("group_size").ok());
            fields.all_used()?;
            run_unary(case, &layer, GroupNorm::call)
        }
        "InstanceNorm" => {
            fields.all_used()?;
            run_unary(case, &InstanceNorm::new(), InstanceNorm::call)
        }
        "Dropout" => {
            let mut layer = Dropout::new(fields.number("rate").unwrap_or(f64::NAN));
            if let Some(axes) = fields.axes("broadcast_dims")? {
                layer = layer.broadcast_dims(axes);
            }
            fields.all_used()?;
            run_unary(case, &layer.deterministic(flag("deterministic")), Dropout::call)
        }
        "PReLU" => {
            fields.all_used()?;
            run_unary(case, &PReLU::new(), PReLU::call)
        }
        "MultiHeadDotProductAttention" => {
            let layer = MultiHeadDotProductAttention::new(fields.count("num_heads")?)
                .qkv_features(fields.count("qkv_features").ok())
                .out_features(fields.count("out_features").ok())
                .normalize_qk(fields.flag("normalize_qk").unwrap_or(false))
                .dropout_rate(fields.number("dropout_rate").unwrap_or(0.0))
                .deterministic(flag("deterministic"));
            fields.all_used()?;
            let call = |m: &MultiHeadDotProductAttention, x: &[Tensor]| m.call(&x[0], x.get(1), None, None);
            run(case, &layer, call, call)
        }
        "RNN" => {
            let returns_carry = fields.flag("return_carry").unwrap_or(false);
            let layer = RNN::new(fields.cell()?)
                .reverse(fields.flag("reverse").unwrap_or(false))
                .keep_order(fields.flag("keep_order").unwrap_or(false));
            fields.all_used()?;
            if returns_carry {
                let call = |m: &RNN, x: &[Tensor]| m.call_with_carry(&x[0]);
                return run(case, &layer, call, call);
            }
            run_unary(case, &layer, RNN::call)
        }
        "Bidirectional" => {
            let layer = Bidirectional::new(RNN::new(fields.cell()?), RNN::new(fields.cell()?));
            fields.all_used()?;
            run_unary(case, &layer, Bidirectional::call)
        }
        "avg_pool" => run_pooling(case, &fields, avg_pool),
        "max_pool" => run_pooling(case, &fields, max_pool),
        "min_pool" => run_pooling(case, &fields, min_pool),
        other => Err(format!("the harness knows no layer `{other}`").into()),
    }
}

/// A layer with one tensor argument.
fn run_unary<M: Module>(case: &Case, layer: &M, call: impl Fn(&M, &Tensor) -> Tensor) -> Result<(), Failed> {
    let call = |layer: &M, arguments: &[Tensor]| call(layer, &arguments[0]);
    run(case, layer, call, call)
}

/// A pooling function in a model of its own.
fn run_pooling(
    case: &Case,
    fields: &Fields<'_>,
    pool: fn(&Tensor, &Pooling) -> Tensor,
) -> Result<(), Failed> {
    let padding = match fields.padding()? {
        ConvPadding::Same => Padding::Same,
        ConvPadding::Valid => Padding::Valid,
        other => return Err(format!("the harness knows no padding {other} of windows").into()),
    };
    let pooling = Pooling::new(fields.sizes("window_shape")?.unwrap_or_default())
        .strides(fields.sizes("strides")?.unwrap_or_default())
        .padding(padding);
    fields.all_used()?;
    run_unary(case, &Windows::new(pool), |m, x| m.call(x, &pooling))
}

#[module]
struct Windows {
    pool: fn(&Tensor, &Pooling) -> Tensor,
}

#[compact]
impl Windows {
    #[nowrap]
    fn call(&self, x: &Tensor, pooling: &Pooling) -> Tensor {
        (self.pool)(x, pooling)
    }
}

/// The fields of a description, and which of them have been read.
struct Fields<'a> {
    fields: &'a Map<String, Value>,
    used: RefCell<Vec<&'static str>>,
}

impl<'a> Fields<'a> {
    fn of(case: &'a Case) -> Result<Self, Failed> {
        let fields = case.field("fields").as_object().ok_or("`fields` is not an object")?;
        Ok(Self { fields, used: RefCell::default() })
    }

    /// Checks that every field was read; an unread one would be ignored.
    fn all_used(&self) -> Result<(), Failed> {
        let used = self.used.borrow();
        match self.fields.keys().find(|name| !used.contains(&name.as_str())) {
            Some(name) => Err(format!("the harness knows no field `{name}` of this layer").into()),
            None => Ok(()),
        }
    }

    fn get(&self, name: &'static str) -> &'a Value {
        self.used.borrow_mut().push(name);
        self.fields.get(name).unwrap_or(&Value::Null)
    }

    fn flag(&self, name: &'static str) -> Option<bool> {
        self.get(name).as_bool()
    }

    fn number(&self, name: &'static str) -> Option<f64> {
        self.get(name).as_f64()
    }

    fn count(&self, name: &'static str) -> Result<usize, Failed> {
        let count = self.get(name).as_u64().and_then(|count| usize::try_from(count).ok());
        count.ok_or_else(|| format!("the field `{name}` is no count").into())
    }

    fn text(&self, name: &'static str) -> Result<&'a str, Failed> {
        self.get(name).as_str().ok_or_else(|| format!("the field `{name}` is no text").into())
    }

    fn integers(&self, name: &'static str) -> Result<Option<Vec<isize>>, Failed> {
        let integer = |value: &Value| value.as_i64().and_then(|integer| isize::try_from(integer).ok());
        let integers = match self.get(name) {
            Value::Null => return Ok(None),
            Value::Array(list) => list.iter().map(integer).collect::<Option<Vec<_>>>(),
            one => integer(one).map(|one| vec![one]),
        };
        integers.map(Some).ok_or_else(|| format!("the field `{name}` is neither integer nor list").into())
    }

    fn axes(&self, name: &'static str) -> Result<Option<AxisList>, Failed> {
        Ok(self.integers(name)?.map(AxisList::from))
    }

    fn sizes(&self, name: &'static str) -> Result<Option<Sizes>, Failed> {
        let sizes = self.integers(name)?.map(|list| list.into_iter().map(usize::try_from).collect());
        Ok(sizes.transpose()?.map(|sizes: Vec<usize>| sizes.into()))
    }

    fn padding(&self) -> Result<ConvPadding, Failed> {
        let value = self.get("padding");
        let pair = |pair: &Value| {
            let amount = |i: usize| pair[i].as_i64().and_then(|amount| isize::try_from(amount).ok());
            Some((amount(0)?, amount(1)?))
        };
        Ok(match value.as_str() {
            None | Some("SAME") if !value.is_array() => ConvPadding::Same,
            Some("VALID") => ConvPadding::Valid,
            Some("CIRCULAR") => ConvPadding::Circular,
            Some("REFLECT") => ConvPadding::Reflect,
            Some("CAUSAL") => ConvPadding::Causal,
            _ => {
                let pairs = value.as_array().and_then(|pairs| pairs.iter().map(pair).collect());
                ConvPadding::Each(pairs.ok_or_else(|| format!("the harness knows no padding {value}"))?)
            }
        })
    }

    fn initializer(&self, name: &'static str) -> Result<Option<Initializer>, Failed> {
        Ok(Some(match self.get(name).as_str() {
            None => return Ok(None),
            Some("he_normal") => initializers::he_normal(),
            Some(other) => return Err(format!("the harness knows no initializer `{other}`").into()),
        }))
    }

    fn cell(&self) -> Result<Cell, Failed> {
        let features = self.count("features")?;
        Ok(match self.text("cell")? {
            "LSTMCell" => LSTMCell::new(features).into(),
            "OptimizedLSTMCell" => OptimizedLSTMCell::new(features).into(),
            "GRUCell" => GRUCell::new(features).into(),
            "SimpleCell" => SimpleCell::new(features).into(),
            "MGUCell" => MGUCell::new(features).into(),
            other => return Err(format!("the harness knows no cell `{other}`").into()),
        })
    }
}
