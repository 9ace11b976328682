//! Adafactor's step before the learning rate.

use metamlp_tensor::{F32, Result, Tensor};

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::moments::incremented;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::precision::widened;
use crate::state::State;
use crate::transformation::GradientTransformation;

options! {
    /// Adafactor's step before the learning rate (optax's `scale_by_factored_rms`): the gradients
    /// divided by the root of the mean of their squares. For a parameter with two large axes only the
    /// means over each of the two are kept.
    ///
    /// State: `count` (the number of steps, `i32`); for a factored parameter `v_row` (its shape without
    /// the largest axis) and `v_col` (without the second largest); for others `v`, of its shape. A part
    /// that a parameter does not use is a single 0.
    ///
    /// Shazeer and Stern, "Adafactor: adaptive learning rates with sublinear memory cost" (2018).
    pub struct ScaleByFactoredRms() as scale_by_factored_rms -> Optimizer {
        /// Keep factored mean squares for parameters with two large axes. Default: true.
        factored: bool = true,
        /// The weight of step `t` in the mean is `t^-decay_rate`. Default: 0.8.
        decay_rate: Hyperparam = 0.8,
        /// Step at which this training (a fine-tuning, for instance) starts; it counts as step 0. Default: 0.
        step_offset: u32 = 0,
        /// Factor a parameter only if its two largest axes have at least this extent. Default: 128.
        min_dim_size_to_factor: usize = 128,
        /// Added to the squared gradients. Default: 1e-30.
        epsilon: Hyperparam = 1e-30,
    }
}

impl GradientTransformation for ScaleByFactoredRms {
    fn check(&self) -> Result<()> {
        let op = "scale_by_factored_rms";
        self.decay_rate.check(op, "decay_rate", Range::NotNegative)?;
        self.epsilon.check(op, "epsilon", Range::NotNegative)
    }

    fn init(&self, params: &Leaves) -> State {
        let without = |param: &Tensor, axis: Option<usize>| match axis {
            Some(axis) => Tensor::zeros(without_axis(param.shape(), axis), param.dtype()),
            None => Tensor::zeros([1], param.dtype()),
        };
        let (mut v_row, mut v_col, mut v) = (params.clone(), params.clone(), params.clone());
        v_row = v_row.map(|param| without(param, self.large_axes(param.shape()).map(|(_, first)| first)));
        v_col = v_col.map(|param| without(param, self.large_axes(param.shape()).map(|(second, _)| second)));
        v = v.map(|param| match self.large_axes(param.shape()) {
            Some(_) => without(param, None),
            None => param.zeros_like(),
        });
        let (v_row, v_col, v) = (v_row.into(), v_col.into(), v.into());
        State::fields([("count", State::count()), ("v_row", v_row), ("v_col", v_col), ("v", v)])
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let count = state.tensor("count")?;
        let since = count - i32::try_from(self.step_offset).unwrap_or(i32::MAX);
        let t = since.maximum(0).convert(F32) + 1.0;
        let part = t.power(self.decay_rate.negated().tensor(F32));

        let parts = ["v_row", "v_col", "v"].map(|name| state.leaves_at(name, &updates));
        let [v_row, v_col, v] = parts;
        let (v_row, v_col, v) = (v_row?, v_col?, v?);
        let steps: Vec<Step> = (updates.tensors().iter())
            .zip(v_row.tensors())
            .zip(v_col.tensors())
            .zip(v.tensors())
            .map(|(((g, v_row), v_col), v)| self.step(g, v_row, v_col, v, &part))
            .collect();
        let each = |f: fn(&Step) -> &Tensor| {
            let mut steps = steps.iter();
            updates.map(|g| steps.next().map_or(g, f).clone())
        };
        let state = State::fields([
            ("count", incremented(count).into()),
            ("v_row", each(|step| &step.v_row).into()),
            ("v_col", each(|step| &step.v_col).into()),
            ("v", each(|step| &step.v).into()),
        ]);
        Ok((each(|step| &step.update), state))
    }
}

/// The update of one parameter and its next mean squares.
struct Step {
    update: Tensor,
    v_row: Tensor,
    v_col: Tensor,
    v: Tensor,
}

impl ScaleByFactoredRms {
    /// The second largest axis and the largest, if both are large enough to factor.
    fn large_axes(&self, shape: &[usize]) -> Option<(usize, usize)> {
        let mut axes: Vec<usize> = (0..shape.len()).collect();
        axes.sort_by_key(|&axis| shape[axis]);
        match axes.as_slice() {
            [.., second, first] if self.factored && shape[*second] >= self.min_dim_size_to_factor => {
                Some((*second, *first))
            }
            _ => None,
        }
    }

    /// The moving average with weight `part` for this gradient's square.
    fn step(&self, g: &Tensor, v_row: &Tensor, v_col: &Tensor, v: &Tensor, part: &Tensor) -> Step {
        let (dtype, g) = (g.dtype(), &widened(g));
        let part = part.convert(g.dtype());
        let square = g.square() + &self.epsilon;
        let mean = |before: &Tensor, now: &Tensor| widened(before) * (1.0 - &part) + now * &part;
        let Some((second, first)) = self.large_axes(g.shape()) else {
            let (before, v) = (v, mean(v, &square));
            let (update, v) = ((g * v.rsqrt()).convert(dtype), v.convert(before.dtype()));
            return Step { update, v_row: v_row.clone(), v_col: v_col.clone(), v };
        };
        let (first, second) = (first.cast_signed(), second.cast_signed());
        let row = mean(v_row, &square.mean([first]));
        let column = mean(v_col, &square.mean([second]));
        let second_in_row = if second > first { second - 1 } else { second };
        let row_factor = (&row / row.mean_keepdims([second_in_row])).rsqrt();
        let update = g * row_factor.expand_dims(first) * column.rsqrt().expand_dims(second);
        let (v_row, v_col) = (row.convert(v_row.dtype()), column.convert(v_col.dtype()));
        Step { update: update.convert(dtype), v_row, v_col, v: v.clone() }
    }
}

fn without_axis(shape: &[usize], axis: usize) -> Vec<usize> {
    let mut shape = shape.to_vec();
    shape.remove(axis);
    shape
}
