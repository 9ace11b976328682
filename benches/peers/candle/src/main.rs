//! candle. usage: candle-worker THREADS | candle-worker once mlp|cnn

#[path = "../../worker.rs"]
mod worker;

use std::error::Error;
use std::hint::black_box;

use candle_core::{DType, Device, Module, ModuleT, Result, Tensor};
use candle_nn::{
    AdamW, BatchNorm, Conv2d, Conv2dConfig, LayerNorm, Linear, Optimizer, ParamsAdamW, VarBuilder, VarMap, batch_norm,
    conv2d, layer_norm, linear, loss, ops,
};
use worker::{Call, numbers, serve};

const CPU: Device = Device::Cpu;

fn tensor(shape: &[usize], seed: u64) -> Result<Tensor> {
    Tensor::from_vec(numbers(shape.iter().product(), seed), shape, &CPU)
}

struct Mlp(Vec<Linear>);

impl Mlp {
    fn new(vb: VarBuilder) -> Result<Self> {
        let widths = [1568, 512, 512, 512, 784];
        Ok(Self((0..4).map(|i| linear(widths[i], widths[i + 1], vb.pp(i))).collect::<Result<_>>()?))
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (last, hidden) = self.0.split_last().expect("four layers");
        let x = hidden.iter().try_fold(x.clone(), |x, layer| layer.forward(&x)?.relu())?;
        last.forward(&x)
    }
}

struct Seed {
    a: Linear,
    norm: BatchNorm,
    b: Linear,
}

impl Seed {
    fn new(vb: VarBuilder) -> Result<Self> {
        Ok(Self {
            a: linear(7, 16, vb.pp("a"))?,
            norm: batch_norm(16, 1e-5, vb.pp("norm"))?,
            b: linear(16, 1, vb.pp("b"))?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = self.norm.forward_t(&self.a.forward(x)?, true)?.relu()?;
        self.b.forward(&(&x + (x.randn_like(0.0, 1.0)? * 0.1)?)?)
    }
}

struct Cnn {
    conv_1: Conv2d,
    conv_2: Conv2d,
    dense_1: Linear,
    dense_2: Linear,
}

impl Cnn {
    fn new(vb: VarBuilder) -> Result<Self> {
        let same = Conv2dConfig { padding: 1, ..Default::default() };
        Ok(Self {
            conv_1: conv2d(1, 32, 3, same, vb.pp("conv_1"))?,
            conv_2: conv2d(32, 64, 3, same, vb.pp("conv_2"))?,
            dense_1: linear(3136, 256, vb.pp("dense_1"))?,
            dense_2: linear(256, 10, vb.pp("dense_2"))?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = self.conv_1.forward(x)?.relu()?.avg_pool2d(2)?;
        let x = self.conv_2.forward(&x)?.relu()?.avg_pool2d(2)?;
        self.dense_2.forward(&self.dense_1.forward(&x.flatten_from(1)?)?.relu()?)
    }
}

struct Block {
    norms: [LayerNorm; 2],
    projections: [Linear; 4],
    up: Linear,
    down: Linear,
}

impl Block {
    fn new(vb: VarBuilder) -> Result<Self> {
        let dense = |name: &str| linear(256, 256, vb.pp(name));
        Ok(Self {
            norms: [layer_norm(256, 1e-6, vb.pp("norm_1"))?, layer_norm(256, 1e-6, vb.pp("norm_2"))?],
            projections: [dense("query")?, dense("key")?, dense("value")?, dense("out")?],
            up: linear(256, 1024, vb.pp("up"))?,
            down: linear(1024, 256, vb.pp("down"))?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (batch, length, width) = x.dims3()?;
        let y = self.norms[0].forward(x)?;
        let heads = |projection: &Linear| -> Result<Tensor> {
            projection.forward(&y)?.reshape((batch, length, 4, width / 4))?.transpose(1, 2)?.contiguous()
        };
        let [query, key, value, out] = &self.projections;
        let scores = (heads(query)?.matmul(&heads(key)?.t()?)? * (1.0 / ((width / 4) as f64).sqrt()))?;
        let y = ops::softmax_last_dim(&scores)?.matmul(&heads(value)?)?;
        let x = (x + out.forward(&y.transpose(1, 2)?.reshape((batch, length, width))?)?)?;
        let y = self.down.forward(&self.up.forward(&self.norms[1].forward(&x)?)?.gelu()?)?;
        x + y
    }
}

struct Transformer(Vec<Block>, LayerNorm);

impl Transformer {
    fn new(vb: VarBuilder) -> Result<Self> {
        let blocks = (0..12).map(|i| Block::new(vb.pp(i))).collect::<Result<_>>()?;
        Ok(Self(blocks, layer_norm(256, 1e-6, vb.pp("norm"))?))
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.1.forward(&self.0.iter().try_fold(x.clone(), |x, block| block.forward(&x))?)
    }
}

fn timed(f: impl Fn() -> Result<Tensor> + 'static) -> Call {
    Box::new(move || {
        black_box(f().expect("it ran before"));
    })
}

/// A step with AdamW without decay: candle has no plain Adam.
fn train(variables: VarMap, loss: impl Fn() -> Result<Tensor> + 'static) -> Result<Call> {
    let settings = ParamsAdamW { lr: 1e-3, weight_decay: 0.0, ..Default::default() };
    let mut optimizer = AdamW::new(variables.all_vars(), settings)?;
    Ok(Box::new(move || {
        let loss = loss().expect("it ran before");
        optimizer.backward_step(&loss).expect("it ran before");
    }))
}

fn ones_norm() -> Result<LayerNorm> {
    Ok(LayerNorm::new(Tensor::ones(768, DType::F32, &CPU)?, Tensor::zeros(768, DType::F32, &CPU)?, 1e-6))
}

fn case_of(name: &str) -> Result<Call> {
    let variables = VarMap::new();
    let vb = VarBuilder::from_varmap(&variables, DType::F32, &CPU);
    let parts: Vec<&str> = name.split('_').collect();
    Ok(match parts[..] {
        ["W1", batch] => {
            let batch = batch[1..].parse().map_err(candle_core::Error::wrap)?;
            let (x, model) = (tensor(&[batch, 1568], 1)?, Mlp::new(vb)?);
            let detached = |layer: &Linear| Linear::new(layer.weight().detach(), layer.bias().map(Tensor::detach));
            let model = Mlp(model.0.iter().map(detached).collect());
            timed(move || model.forward(&x))
        }
        ["W2", _] => {
            let (x, y, model) = (tensor(&[128, 1568], 1)?, tensor(&[128, 784], 2)?, Mlp::new(vb)?);
            train(variables, move || loss::mse(&model.forward(&x)?, &y))?
        }
        ["W3", batch @ ("1" | "256")] => {
            let batch = batch.parse().map_err(candle_core::Error::wrap)?;
            let (x, model) = (tensor(&[batch, 7], 1)?, Seed::new(vb)?);
            timed(move || model.forward(&x))
        }
        ["W4", model, "jit"] => {
            let is_mlp = model == "mlp";
            timed(move || {
                let variables = VarMap::new();
                let vb = VarBuilder::from_varmap(&variables, DType::F32, &CPU);
                if is_mlp { drop(Mlp::new(vb)?) } else { drop(Transformer::new(vb)?) }
                Ok(variables.all_vars()[0].as_tensor().clone())
            })
        }
        ["TF", ..] => {
            let (x, model) = (tensor(&[8, 64, 256], 1)?, Transformer::new(vb)?);
            timed(move || model.forward(&x))
        }
        ["W6", "geluln"] => {
            let (x, norm) = (tensor(&[4096, 768], 1)?, ones_norm()?);
            timed(move || norm.forward(&x.gelu()?))
        }
        ["W6", "gelu"] => {
            let x = tensor(&[4096, 768], 1)?;
            timed(move || x.gelu())
        }
        ["W6", "ln"] => {
            let (x, norm) = (tensor(&[4096, 768], 1)?, ones_norm()?);
            timed(move || norm.forward(&x))
        }
        ["W6", "softmax"] => {
            let x = tensor(&[512, 4096], 1)?;
            timed(move || ops::softmax_last_dim(&x))
        }
        ["W7", "fwd"] => {
            let (x, model) = (tensor(&[64, 1, 28, 28], 1)?, Cnn::new(vb)?);
            timed(move || model.forward(&x))
        }
        ["W7", "train"] => {
            let (x, model) = (tensor(&[64, 1, 28, 28], 1)?, Cnn::new(vb)?);
            let y = Tensor::from_vec((0..64).map(|i| i % 10).collect::<Vec<u32>>(), 64, &CPU)?;
            train(variables, move || loss::cross_entropy(&model.forward(&x)?, &y))?
        }
        _ => return Err(candle_core::Error::Msg(format!("no case {name}"))),
    })
}

fn once(which: &str) -> Result<f32> {
    let variables = VarMap::new();
    let vb = VarBuilder::from_varmap(&variables, DType::F32, &CPU);
    let y = match which {
        "mlp" => Mlp::new(vb)?.forward(&tensor(&[32, 1568], 1)?)?,
        _ => Cnn::new(vb)?.forward(&tensor(&[64, 1, 28, 28], 1)?)?,
    };
    y.sum_all()?.to_scalar()
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments[1] == "once" {
        println!("{}", once(&arguments[2])?);
        return Ok(());
    }
    serve("candle", |name| Ok(case_of(name)?))
}
