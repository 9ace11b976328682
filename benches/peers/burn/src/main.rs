//! burn, its `flex` backend. usage: burn-worker THREADS | burn-worker once mlp|cnn
//!
//! The model of the documentation of `init` is left out: batch statistics need
//! gradients in burn, and without a backward pass their graphs accumulate.

#[path = "../../worker.rs"]
mod worker;

use std::error::Error;
use std::hint::black_box;

use burn::module::Module;
use burn::nn::attention::{MhaInput, MultiHeadAttention, MultiHeadAttentionConfig};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::{CrossEntropyLossConfig, MseLoss, Reduction};
use burn::nn::pool::{AvgPool2d, AvgPool2dConfig};
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig, PaddingConfig2d};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::activation::{gelu_approximate, relu, softmax};
use burn::tensor::{Device, Int, Tensor, TensorData};
use worker::{Call, numbers, serve};

fn tensor<const D: usize>(shape: [usize; D], seed: u64, device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers(shape.iter().product(), seed), shape), device)
}

#[derive(Module, Debug)]
struct Mlp {
    layers: Vec<Linear>,
}

impl Mlp {
    fn new(device: &Device) -> Self {
        let widths = [1568, 512, 512, 512, 784];
        Self { layers: widths.windows(2).map(|w| LinearConfig::new(w[0], w[1]).init(device)).collect() }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let (last, hidden) = self.layers.split_last().expect("four layers");
        last.forward(hidden.iter().fold(x, |x, layer| relu(layer.forward(x))))
    }
}

#[derive(Module, Debug)]
struct Cnn {
    conv_1: Conv2d,
    conv_2: Conv2d,
    pool: AvgPool2d,
    dense_1: Linear,
    dense_2: Linear,
}

impl Cnn {
    fn new(device: &Device) -> Self {
        let conv =
            |from, to| Conv2dConfig::new([from, to], [3, 3]).with_padding(PaddingConfig2d::Same).init(device);
        Self {
            conv_1: conv(1, 32),
            conv_2: conv(32, 64),
            pool: AvgPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            dense_1: LinearConfig::new(3136, 256).init(device),
            dense_2: LinearConfig::new(256, 10).init(device),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.pool.forward(relu(self.conv_1.forward(x)));
        let x = self.pool.forward(relu(self.conv_2.forward(x)));
        self.dense_2.forward(relu(self.dense_1.forward(x.flatten::<2>(1, 3))))
    }
}

#[derive(Module, Debug)]
struct Block {
    norm_1: LayerNorm,
    norm_2: LayerNorm,
    attention: MultiHeadAttention,
    up: Linear,
    down: Linear,
}

impl Block {
    fn new(device: &Device) -> Self {
        Self {
            norm_1: LayerNormConfig::new(256).init(device),
            norm_2: LayerNormConfig::new(256).init(device),
            attention: MultiHeadAttentionConfig::new(256, 4).with_dropout(0.0).init(device),
            up: LinearConfig::new(256, 1024).init(device),
            down: LinearConfig::new(1024, 256).init(device),
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let y = self.norm_1.forward(x.clone());
        let x = x + self.attention.forward(MhaInput::self_attn(y)).context;
        let y = self.down.forward(gelu_approximate(self.up.forward(self.norm_2.forward(x.clone()))));
        x + y
    }

    /// burn creates parameters when they are first read.
    fn made(self) -> Self {
        let attention = &self.attention;
        for layer in
            [&attention.query, &attention.key, &attention.value, &attention.output, &self.up, &self.down]
        {
            made(layer);
        }
        black_box((self.norm_1.gamma.val(), self.norm_2.gamma.val()));
        self
    }
}

fn made(layer: &Linear) {
    black_box((layer.weight.val(), layer.bias.as_ref().map(|bias| bias.val())));
}

fn timed<R: 'static>(device: &Device, f: impl Fn() -> R + 'static) -> Call {
    let device = device.clone();
    Box::new(move || {
        black_box(f());
        device.sync().expect("a processor");
    })
}

fn train<M: Module + 'static>(model: M, device: Device, loss: impl Fn(&M) -> Tensor<1> + 'static) -> Call {
    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let mut model = Some(model);
    Box::new(move || {
        let current = model.take().expect("the last step gave it back");
        let gradients = GradientsParams::from_grads(loss(&current).backward(), &current);
        model = Some(optimizer.step(1e-3, current, gradients));
        device.sync().expect("a processor");
    })
}

fn case_of(name: &str, device: &Device) -> Result<Call, Box<dyn Error>> {
    let own = device.clone();
    let parts: Vec<&str> = name.split('_').collect();
    Ok(match parts[..] {
        ["W1", batch] => {
            let (x, model) = (tensor([batch[1..].parse()?, 1568], 1, device), Mlp::new(device));
            timed(device, move || model.forward(x.clone()))
        }
        ["W2", _] => {
            let device = device.clone().autodiff();
            let (x, y) = (tensor([128, 1568], 1, &device), tensor([128, 784], 2, &device));
            let loss = move |model: &Mlp| {
                MseLoss::new().forward(model.forward(x.clone()), y.clone(), Reduction::Mean)
            };
            train(Mlp::new(&device), device, loss)
        }
        ["W4", "mlp", "jit"] => timed(device, move || {
            let model = Mlp::new(&own);
            model.layers.iter().for_each(made);
            model
        }),
        ["W4", "tf", "jit"] => {
            timed(device, move || (0..12).map(|_| Block::new(&own).made()).collect::<Vec<Block>>())
        }
        ["TF", ..] => {
            let blocks: Vec<Block> = (0..12).map(|_| Block::new(device)).collect();
            let (x, norm) = (tensor([8, 64, 256], 1, device), LayerNormConfig::new(256).init(device));
            timed(device, move || norm.forward(blocks.iter().fold(x.clone(), |x, block| block.forward(x))))
        }
        ["W6", "softmax"] => {
            let x: Tensor<2> = tensor([512, 4096], 1, device);
            timed(device, move || softmax(x.clone(), 1))
        }
        ["W6", which] => {
            let (x, norm) = (tensor([4096, 768], 1, device), LayerNormConfig::new(768).init(device));
            match which {
                "geluln" => timed(device, move || norm.forward(gelu_approximate(x.clone()))),
                "gelu" => timed(device, move || gelu_approximate::<2>(x.clone())),
                "ln" => timed(device, move || norm.forward::<2>(x.clone())),
                _ => return Err(format!("no case {name}").into()),
            }
        }
        ["W7", "fwd"] => {
            let (x, model) = (tensor([64, 1, 28, 28], 1, device), Cnn::new(device));
            timed(device, move || model.forward(x.clone()))
        }
        ["W7", "train"] => {
            let device = device.clone().autodiff();
            let x = tensor([64, 1, 28, 28], 1, &device);
            let labels: Vec<i64> = (0..64).map(|label| label % 10).collect();
            let y: Tensor<1, Int> = Tensor::from_data(TensorData::new(labels, [64]), &device);
            let loss = CrossEntropyLossConfig::new().init(&device);
            let loss = move |model: &Cnn| loss.forward(model.forward(x.clone()), y.clone());
            train(Cnn::new(&device), device, loss)
        }
        _ => return Err(format!("no case {name}").into()),
    })
}

fn once(which: &str, device: &Device) -> f32 {
    let y = match which {
        "mlp" => Mlp::new(device).forward(tensor([32, 1568], 1, device)),
        _ => Cnn::new(device).forward(tensor([64, 1, 28, 28], 1, device)),
    };
    y.sum().into_scalar::<f32>()
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let device = Device::flex();
    if arguments[1] == "once" {
        println!("{}", once(&arguments[2], &device));
        return Ok(());
    }
    serve("burn", |name| case_of(name, &device))
}
