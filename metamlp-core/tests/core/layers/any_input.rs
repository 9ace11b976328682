//! Every layer with arbitrary input: hyper-parameters that are zero, negative, huge or NaN, inputs of
//! any rank and dtype, axes of extent 0. It works or returns an error; it does not panic, overflow or
//! allocate without bound.

use metamlp::Pooling;
use metamlp::prelude::*;
use metamlp::tensor::Padding;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Numbers from a seed, with frequent edge cases.
struct Choices(u64);

impl Choices {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % below
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.next(of.len())].clone()
    }

    /// Mostly small, so that several numbers are valid together now and then.
    fn size(&mut self) -> usize {
        match self.next(10) {
            0 => self.pick(&[0, 65_537, 1 << 31, u32::MAX as usize, 1 << 33, usize::MAX / 2, usize::MAX]),
            other => 1 + other % 4,
        }
    }

    fn sizes(&mut self) -> Vec<usize> {
        (0..self.pick(&[0, 1, 1, 2, 2, 2, 3])).map(|_| self.size()).collect()
    }

    fn axis(&mut self) -> isize {
        self.pick(&[-1, -1, -2, 0, 1, 2, -3, 3, 7, isize::MIN, isize::MAX])
    }

    fn axes(&mut self) -> Vec<isize> {
        (0..self.pick(&[0, 1, 1, 1, 2, 3])).map(|_| self.axis()).collect()
    }

    fn number(&mut self) -> f64 {
        self.pick(&[0.5, 0.5, 0.1, 1e-5, 0.0, 1.0, -0.1, 1.5, f64::NAN, f64::INFINITY, f64::MIN, 1e-320])
    }

    fn is(&mut self) -> bool {
        self.next(2) == 0
    }

    fn dtype(&mut self) -> DType {
        self.pick(&[F32, F32, F32, F16, BF16, F64, I32, U32, BOOL])
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.is().then(|| make(self))
    }

    fn shape(&mut self) -> Vec<usize> {
        (0..self.pick(&[0, 1, 2, 2, 3, 3, 4, 4, 5])).map(|_| self.pick(&[1, 2, 3, 4, 4, 4, 0])).collect()
    }

    fn tensor(&mut self) -> Tensor {
        let shape = self.shape();
        Tensor::ones(shape, self.dtype())
    }

    fn padding(&mut self) -> ConvPadding {
        let amount =
            |choices: &mut Self| choices.pick(&[0, 1, 1, 2, -1, -9, 1 << 40, isize::MIN, isize::MAX]);
        match self.next(7) {
            0 => ConvPadding::Same,
            1 => ConvPadding::Valid,
            2 => ConvPadding::Circular,
            3 => ConvPadding::Reflect,
            4 => ConvPadding::Causal,
            5 => ConvPadding::All(amount(self)),
            _ => ConvPadding::Each((0..self.next(4)).map(|_| (amount(self), amount(self))).collect()),
        }
    }
}

/// The most elements that a test computes with; larger tensors are only described.
const MOST: usize = 1 << 16;

/// Calls `layer` on shapes; computes values too if they are small.
#[expect(clippy::needless_pass_by_value, reason = "the table of layers passes temporaries")]
fn works_or_is_refused<M: Module>(layer: M, call: impl Fn(&M) -> Tensor) -> Result<(), TestCaseError> {
    let class = std::any::type_name::<M>().rsplit("::").next().unwrap_or_default();
    let rngs = || Rngs::new([("params", Key::new(0)), ("dropout", Key::new(1))]);
    let mut output = 0;
    let described = layer.eval_shape(rngs(), |m| {
        let result = call(m);
        output = result
            .shape()
            .iter()
            .try_fold(1usize, |size, &extent| size.checked_mul(extent))
            .unwrap_or(usize::MAX);
        result
    });
    let refusal = match described {
        Ok(variables) => {
            let sizes = variables.iter().flat_map(|(_, tree)| tree.tensors_with_paths());
            let size = sizes.fold(output, |sum, (_, tensor)| {
                let size = tensor.shape().iter().try_fold(1usize, |size, &extent| size.checked_mul(extent));
                sum.saturating_add(size.unwrap_or(usize::MAX))
            });
            if size > MOST {
                return Ok(());
            }
            layer.init_with_output(rngs(), &call).err()
        }
        Err(error) => Some(error),
    };
    if let Some(error) = refusal {
        let message = error.to_string();
        prop_assert!(message.starts_with(class), "{class} is not named in: {message}");
        prop_assert!(message.contains("tests/core/layers/any_input.rs"), "no line in: {message}");
    }
    Ok(())
}

/// One test per layer: how to build and call it from random choices.
macro_rules! layers {
    ($($name:ident: |$choices:ident, $x:ident| $layer:expr, |$m:ident| $call:expr;)*) => {
        proptest! {
            #![proptest_config(ProptestConfig {
                failure_persistence: None, rng_seed: RngSeed::Fixed(0), ..ProptestConfig::with_cases(150)
            })]
            $(
                #[test]
                fn $name(seed: u64) {
                    let mut choices = Choices(seed);
                    let $choices = &mut choices;
                    let $x = $choices.tensor();
                    works_or_is_refused($layer, |$m| $call)?;
                }
            )*
        }
    };
}

layers! {
    dense: |c, x| Dense::new(c.size()).dtype(c.maybe(Choices::dtype)).param_dtype(c.dtype()), |m| m.call(&x);
    dense_general: |c, x|
        DenseGeneral::new(c.sizes()).axis(c.axes()).batch_dims(if c.is() { c.axes() } else { Vec::new() }).dtype(c.maybe(Choices::dtype)),
        |m| m.call(&x);
    einsum: |c, x|
        Einsum::new(c.sizes(), c.pick(&["ab,bc->ac", "...a,ab->...b", "a,b", "->", "abc,cd->abd", "é,b->b", "aa,ab->b"])),
        |m| m.call(&x);
    embed: |c, x| Embed::new(c.size(), c.size()).dtype(c.maybe(Choices::dtype)), |m| m.call(&x);
    embed_attend: |c, x| Embed::new(c.size(), c.size()).dtype(c.maybe(Choices::dtype)), |m| m.attend(&x);
    prelu: |c, x| PReLU::new().negative_slope_init(c.number()).param_dtype(c.dtype()), |m| m.call(&x);
    conv: |c, x|
        Conv::new(c.size(), c.sizes()).strides(c.sizes()).padding(c.padding()).input_dilation(c.sizes())
            .kernel_dilation(c.sizes()).feature_group_count(c.size()).mask(c.maybe(Choices::tensor)),
        |m| m.call(&x);
    conv_with_one_oddity: |c, x| {
        let conv = Conv::new(4, [3]);
        match c.next(6) {
            0 => Conv::new(c.size(), [3]),
            1 => Conv::new(4, [c.size()]),
            2 => conv.strides(c.size()),
            3 => conv.padding(c.padding()),
            4 => conv.input_dilation(c.size()).padding(ConvPadding::Valid),
            _ => conv.kernel_dilation(c.size()),
        }
    }, |m| m.call(&x);
    conv_local: |c, x|
        ConvLocal::new(c.size(), c.sizes()).strides(c.sizes()).padding(c.padding()).input_dilation(c.sizes())
            .kernel_dilation(c.sizes()).mask(c.maybe(Choices::tensor)),
        |m| m.call(&x);
    conv_local_with_one_oddity: |c, x| {
        let conv = ConvLocal::new(4, [3]);
        match c.next(5) {
            0 => ConvLocal::new(c.size(), [c.size()]),
            1 => conv.strides(c.size()),
            2 => conv.padding(c.padding()),
            3 => conv.input_dilation(c.size()).padding(ConvPadding::Valid),
            _ => conv.kernel_dilation(c.size()),
        }
    }, |m| m.call(&x);
    conv_transpose: |c, x|
        ConvTranspose::new(c.size(), c.sizes()).strides(c.sizes()).padding(c.padding())
            .kernel_dilation(c.sizes()).mask(c.maybe(Choices::tensor)).transpose_kernel(c.is()),
        |m| m.call(&x);
    conv_transpose_with_one_oddity: |c, x| {
        let conv = ConvTranspose::new(4, [3]).transpose_kernel(c.is());
        match c.next(4) {
            0 => ConvTranspose::new(c.size(), [c.size()]),
            1 => conv.strides(c.size()),
            2 => conv.padding(c.padding()),
            _ => conv.kernel_dilation(c.size()),
        }
    }, |m| m.call(&x);
    batch_norm: |c, x|
        BatchNorm::new().use_running_average(c.maybe(Choices::is)).axis(c.axes()).momentum(c.number())
            .epsilon(c.number()).dtype(c.maybe(Choices::dtype)).use_fast_variance(c.is()).mask(c.maybe(Choices::tensor)),
        |m| m.call(&x);
    layer_norm: |c, x|
        LayerNorm::new().epsilon(c.number()).reduction_axes(c.axes()).feature_axes(c.axes())
            .dtype(c.maybe(Choices::dtype)).use_fast_variance(c.is()).mask(c.maybe(Choices::tensor)),
        |m| m.call(&x);
    rms_norm: |c, x|
        RMSNorm::new().epsilon(c.number()).reduction_axes(c.axes()).feature_axes(c.axes())
            .dtype(c.maybe(Choices::dtype)).mask(c.maybe(Choices::tensor)),
        |m| m.call(&x);
    group_norm: |c, x|
        GroupNorm::new().num_groups(c.maybe(Choices::size)).group_size(c.maybe(Choices::size)).epsilon(c.number())
            .reduction_axes(c.maybe(|c| AxisList::from(c.axes()))).mask(c.maybe(Choices::tensor)),
        |m| m.call(&x);
    instance_norm: |c, x|
        InstanceNorm::new().epsilon(c.number()).feature_axes(c.axes()).mask(c.maybe(Choices::tensor)),
        |m| m.call(&x);
    dropout: |c, x|
        Dropout::new(c.number()).broadcast_dims(c.axes()).deterministic(c.maybe(Choices::is)), |m| m.call(&x);
    attention: |c, x| {
        let layer = MultiHeadDotProductAttention::new(c.size()).dropout_rate(c.number()).deterministic(c.maybe(Choices::is))
            .dtype(c.maybe(Choices::dtype)).normalize_qk(c.is()).decode(c.is());
        layer.qkv_features(c.maybe(Choices::size)).out_features(c.maybe(Choices::size))
    }, |m| m.call(&x, None, None, None);
    attention_with_a_mask: |c, x| MultiHeadDotProductAttention::new(1 + c.next(2)),
        |m| m.call(&x, Some(&x), None, Some(&x));
    lstm: |c, x| LSTMCell::new(c.size()).dtype(c.maybe(Choices::dtype)), |m| m.call(&(x.clone(), x.clone()), &x).1;
    optimized_lstm: |c, x| OptimizedLSTMCell::new(c.size()), |m| m.call(&(x.clone(), x.clone()), &x).1;
    gru: |c, x| GRUCell::new(c.size()).dtype(c.maybe(Choices::dtype)), |m| m.call(&x, &x).1;
    mgu: |c, x| MGUCell::new(c.size()), |m| m.call(&x, &x).1;
    simple: |c, x| SimpleCell::new(c.size()).residual(c.is()), |m| m.call(&x, &x).1;
    conv_lstm: |c, x|
        ConvLSTMCell::new(c.size(), c.sizes()).strides(c.sizes()).padding(c.padding()),
        |m| m.call(&(x.clone(), x.clone()), &x).1;
    rnn: |c, x|
        RNN::new(GRUCell::new(c.size())).time_major(c.is()).reverse(c.is()).keep_order(c.is())
            .seq_lengths(c.maybe(Choices::tensor)).initial_carry(c.maybe(|c| vec![c.tensor()])),
        |m| m.call(&x);
    bidirectional: |c, x|
        Bidirectional::new(RNN::new(LSTMCell::new(c.size())), RNN::new(SimpleCell::new(c.size())))
            .time_major(c.is()).seq_lengths(c.maybe(Choices::tensor)),
        |m| m.call(&x);
    sequential: |c, x| Sequential::new().then(Dense::new(c.size())).then(LayerNorm::new().epsilon(c.number())),
        |m| m.call(&x);
    pooling: |c, x| Pooled::new(c.next(3), {
        let padding = match c.next(3) {
            0 => Padding::Same,
            1 => Padding::Valid,
            _ => Padding::Explicit((0..c.next(4)).map(|_| (c.axis(), c.axis())).collect()),
        };
        Pooling::new(c.sizes()).strides(c.sizes()).padding(padding).count_include_pad(c.is())
    }), |m| m.call(&x);
    batch_apply: |c, x| Batched::new(c.pick(&[0, 1, 2, 3, usize::MAX])), |m| m.call(&x);
}

/// A pooling in a module, so that its errors have the module's path.
#[module]
struct Pooled {
    kind: usize,
    pooling: Pooling,
}

#[compact]
impl Pooled {
    fn call(&self, x: &Tensor) -> Tensor {
        [avg_pool, max_pool, min_pool][self.kind](x, &self.pooling)
    }
}

/// A function over merged batch axes, in a module.
#[module]
struct Batched {
    num_dims: usize,
}

#[compact]
impl Batched {
    fn call(&self, x: &Tensor) -> Tensor {
        BatchApply::new(|x: &Tensor| Dense::new(2).call(x)).num_dims(self.num_dims).call(x)
    }
}
