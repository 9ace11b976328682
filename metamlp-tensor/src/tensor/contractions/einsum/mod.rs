//! Einstein summation, recorded as products, sums and transposes of tensors.

mod equation;
mod order;

use std::borrow::Borrow;

use crate::dtype::DType;
use crate::error::Problem;
use crate::graph::node::Tensor;
use crate::graph::source::Source;
use crate::shape::Axes;

use self::equation::{Equation, Label, Labels, set};

/// A tensor with a label for each axis.
struct Labelled {
    tensor: Tensor,
    labels: Vec<Label>,
}

impl Tensor {
    /// Sum of products over labelled axes. NumPy's `einsum`.
    ///
    /// The equation has a term for each operand, with a letter for each axis. Letters that are not in the result are
    /// summed. `...` stands for axes without a letter, which broadcast. A letter twice in a term takes the diagonal.
    /// Without `->` the result has the axes of the ellipsis and then, in alphabetical order, the letters that occur once.
    /// Axes of extent 1 are repeated. Of flags an element is true if one of its products is.
    ///
    /// More than two operands are contracted in pairs. The order needs the fewest multiplications for up to eight
    /// operands, and is found greedily for more; beyond 32 operands each step compares the first 32 that are left.
    ///
    /// ```
    /// use metamlp_tensor::{F32, Tensor};
    /// let (q, k) = (Tensor::ones([2, 5, 3, 4], F32), Tensor::ones([2, 7, 3, 4], F32));
    /// let scores = Tensor::einsum("...qhd,...khd->...hqk", &[&q, &k]);
    /// assert_eq!(scores.shape(), [2, 3, 5, 7]);
    ///
    /// let x = Tensor::from_vec([2, 2], vec![1, 2, 3, 4]);
    /// assert_eq!(Tensor::einsum("ii", &[&x]).item::<i32>()?, 5);
    ///
    /// let error = Tensor::einsum("ij,jk->ik", &[Tensor::ones([2, 3], F32), Tensor::ones([4, 5], F32)]);
    /// assert!(error.evaluate().unwrap_err().to_string().contains("label `j` is 3 in operand 0 and 4 in operand 1"));
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn einsum<T: Borrow<Tensor>>(equation: &str, operands: &[T]) -> Tensor {
        let operands: Vec<&Tensor> = operands.iter().map(Borrow::borrow).collect();
        let dtype = operands.iter().map(|operand| operand.dtype()).reduce(DType::promote);
        let dtype = dtype.unwrap_or(DType::F32);
        if dtype == DType::Bool {
            // Counts in `f32` neither wrap around nor become 0.
            let mut counts = Vec::with_capacity(operands.len());
            for flags in operands {
                counts.push(flags.convert(DType::F32));
            }
            return Self::einsum(equation, &counts).not_equal(0.0);
        }
        if let Some(poisoned) = operands.iter().find(|operand| operand.0.poison.is_some()) {
            return poisoned.convert(dtype);
        }
        let shapes: Vec<&[usize]> = operands.iter().map(|operand| operand.shape()).collect();
        let parsed = match Equation::new(equation, &shapes) {
            Ok(parsed) => parsed,
            Err(problem) => {
                let types = operands.iter().map(|operand| operand.0.ty.clone()).collect();
                let problem = Problem::Shape(format!("in \"{equation}\", {problem}"));
                let error = problem.at("einsum", types, Source::here());
                return Self::spec([], dtype).poisoned_like(error);
            }
        };
        let output = set(&parsed.output);
        let mut terms: Vec<Labelled> = Vec::with_capacity(operands.len());
        for (number, operand) in operands.iter().enumerate() {
            let labels = parsed.terms[number].clone();
            let term = Labelled { tensor: operand.convert(dtype), labels };
            terms.push(term.diagonal().without_singletons(&parsed.extents));
        }
        // The labels of the terms after each one; those before it are collected on the way.
        let mut after = vec![output; terms.len() + 1];
        for (number, term) in terms.iter().enumerate().rev() {
            after[number] = after[number + 1] | set(&term.labels);
        }
        let mut before: Labels = 0;
        for (number, term) in terms.iter_mut().enumerate() {
            *term = term.summed(before | after[number + 1]);
            before |= set(&term.labels);
        }
        let sets: Vec<Labels> = terms.iter().map(|term| set(&term.labels)).collect();
        let mut terms: Vec<Option<Labelled>> = terms.into_iter().map(Some).collect();
        for (lhs, rhs) in order::order(&sets, output, &parsed.extents) {
            let [lhs, rhs] =
                [lhs, rhs].map(|number| terms[number].take().expect("the order uses each term once"));
            let kept = terms.iter().flatten().fold(output, |kept, term| kept | set(&term.labels));
            terms.push(Some(lhs.times(&rhs, kept)));
        }
        let result = terms.into_iter().flatten().next().expect("an equation has at least one term");
        result.arranged(&parsed.output)
    }
}

impl Labelled {
    /// The diagonal of each pair of axes with the same label.
    #[track_caller]
    fn diagonal(mut self) -> Self {
        let repeated = |labels: &[Label]| {
            (1..labels.len()).find_map(|j| Some((labels[..j].iter().position(|&l| l == labels[j])?, j)))
        };
        while let Some((i, j)) = repeated(&self.labels) {
            let rank = self.labels.len();
            let others = (0..rank).filter(|&axis| axis != i && axis != j);
            let order: Axes = [i, j].into_iter().chain(others).collect();
            let square = self.tensor.transpose(&order);
            let extent = square.shape()[0];
            let flat: Axes = [extent * extent].iter().chain(&square.shape()[2..]).copied().collect();
            let mut strides = Axes::from_elem(1, flat.len());
            strides[0] = extent + 1;
            self.tensor = square.reshape(&flat).slice(Axes::from_elem(0, flat.len()), &flat, strides);
            self.labels = order[1..].iter().map(|&axis| self.labels[axis]).collect();
        }
        self
    }

    /// The tensor without the axes of extent 1 whose label has a larger extent.
    #[track_caller]
    fn without_singletons(self, extents: &[usize]) -> Self {
        let is_kept = |axis: &usize| self.tensor.shape()[*axis] == extents[self.labels[*axis]];
        let kept: Vec<usize> = (0..self.labels.len()).filter(is_kept).collect();
        let shape: Axes = kept.iter().map(|&axis| self.tensor.shape()[axis]).collect();
        Self {
            tensor: self.tensor.reshape(shape),
            labels: kept.into_iter().map(|axis| self.labels[axis]).collect(),
        }
    }

    /// The sum over all labels that are not `needed`.
    #[track_caller]
    fn summed(&self, needed: Labels) -> Self {
        let is_needed = |label: Label| needed >> label & 1 == 1;
        let axes: Vec<isize> = (0..self.labels.len())
            .filter(|&axis| !is_needed(self.labels[axis]))
            .map(usize::cast_signed)
            .collect();
        Self {
            tensor: self.tensor.sum(axes),
            labels: self.labels.iter().copied().filter(|&label| is_needed(label)).collect(),
        }
    }

    /// The product of both, summed over the common labels that are not `kept`.
    #[track_caller]
    fn times(&self, rhs: &Self, kept: Labels) -> Self {
        let common: Vec<Label> =
            self.labels.iter().copied().filter(|label| rhs.labels.contains(label)).collect();
        let (batch, contracted): (Vec<Label>, Vec<Label>) =
            common.iter().partition(|&&label| kept >> label & 1 == 1);
        let free = |labels: &[Label]| -> Vec<Label> {
            labels.iter().copied().filter(|label| !common.contains(label)).collect()
        };
        let (lhs_free, rhs_free) = (free(&self.labels), free(&rhs.labels));
        let labels: Vec<Label> = batch.iter().chain(&lhs_free).chain(&rhs_free).copied().collect();
        if contracted.is_empty() {
            // Nothing is summed: an elementwise product, which can be fused with its users.
            let lhs = self.arranged(&[&batch[..], &lhs_free].concat());
            let shape: Axes = lhs.shape().iter().copied().chain(rhs_free.iter().map(|_| 1)).collect();
            let lhs = lhs.reshape(shape);
            let rhs = rhs.arranged(&[&batch[..], &rhs_free].concat());
            let (shared, own) = rhs.shape().split_at(batch.len());
            let shape: Axes =
                shared.iter().copied().chain(lhs_free.iter().map(|_| 1)).chain(own.iter().copied()).collect();
            return Self { tensor: lhs * rhs.reshape(shape), labels };
        }
        let (lhs_axes, rhs_axes) = (self.axes(&contracted), rhs.axes(&contracted));
        let (lhs_batch, rhs_batch) = (self.axes(&batch), rhs.axes(&batch));
        let tensor = self.tensor.dot_general(&rhs.tensor, (&lhs_axes, &rhs_axes), (&lhs_batch, &rhs_batch));
        Self { tensor, labels }
    }

    /// The axes with these labels.
    fn axes(&self, labels: &[Label]) -> Axes {
        let axis = |label: &Label| self.labels.iter().position(|own| own == label);
        labels.iter().map(|label| axis(label).expect("the term has the label")).collect()
    }

    /// The tensor with its axes in the order of `labels`.
    #[track_caller]
    fn arranged(&self, labels: &[Label]) -> Tensor {
        let order = self.axes(labels);
        if order.iter().copied().eq(0..order.len()) {
            return self.tensor.clone();
        }
        self.tensor.transpose(order)
    }
}
