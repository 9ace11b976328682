//! Embedding.

use metamlp_macros::{compact, module};
use metamlp_tensor::{DType, Error, F32, I32, Tensor, U32};

use crate::argument::{invalid, refuse};
use crate::initializers::initializer::Initializer;
use crate::initializers::{Distribution, Mode, VarianceScaling};
use crate::layers::fields::check;
use crate::layers::fields::promote::promote;
use crate::module::Module;

/// A learned vector per index (Flax's `Embed`).
///
/// Parameters: `embedding` `[num_embeddings, features]`.
///
/// ```
/// use metamlp::prelude::*;
/// let layer = Embed::new(10, 4);
/// let ids = Tensor::from_vec([3], vec![1, 0, 9]);
/// let variables = layer.init(Key::new(0), |m| m.call(&ids))?;
/// assert_eq!(variables.to_string(), "params:\n  embedding: f32[10, 4]");
/// let x = layer.apply(&variables, (), |m| m.call(&ids))?;
/// assert_eq!(x.shape(), [3, 4]);
/// // The same table as the weights of a classifier.
/// assert_eq!(layer.apply(&variables, (), |m| m.attend(&x))?.shape(), [3, 10]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct Embed {
    /// Number of embeddings.
    num_embeddings: usize,
    /// Number of features of each embedding.
    features: usize,
    /// The dtype of the result; `None` uses the dtype of the parameters.
    #[default(None)]
    dtype: Option<DType>,
    /// The dtype of the parameters.
    #[default(F32)]
    param_dtype: DType,
    /// Initializer of the embeddings; the default is normal with variance `1 / features`.
    #[default(VarianceScaling::new(1.0, Mode::FanIn, Distribution::Normal).out_axis([0]).into())]
    embedding_init: Initializer,
}

#[compact]
impl Embed {
    /// Maps integers `[..]` to `[.., features]`.
    ///
    /// A negative index counts from the end; an index out of range gives NaN.
    pub fn call(&self, indices: &Tensor) -> Tensor {
        let rows = match self.check().and_then(|rows| integers(indices).map(|()| rows)) {
            Ok(rows) => rows,
            Err(error) => return refuse(indices, error),
        };
        let embedding = self.embedding();
        let [embedding] = promote([&embedding], self.dtype.or(Some(embedding.dtype())));
        if self.num_embeddings == 1 {
            return embedding.index(0).broadcast_to([indices.shape(), &[self.features]].concat());
        }
        // Indices of dtype `u32` are never negative, however large.
        let indices =
            if indices.dtype() == U32 { indices.minimum(rows).convert(I32) } else { indices.clone() };
        let is_inside = indices.greater_equal(-rows).and(indices.less(rows));
        let wrapped = indices.less(0).select(&indices + rows, &indices);
        let found = embedding.take(&wrapped.clamp(0, rows - 1), 0);
        is_inside.expand_dims(-1).select(found, f64::NAN)
    }

    /// Dot products with every embedding: `[.., features]` to `[.., num_embeddings]`.
    pub fn attend(&self, query: &Tensor) -> Tensor {
        if let Err(error) = self.check().and_then(|_| self.check_query(query)) {
            return refuse(query, error);
        }
        let [query, embedding] = promote([query, &self.embedding()], self.dtype);
        query.matmul(&embedding.t())
    }
}

impl Embed {
    fn embedding(&self) -> Tensor {
        let spec = ([self.num_embeddings, self.features], self.param_dtype);
        self.param("embedding", &self.embedding_init, spec)
    }

    /// Checks the fields; returns the number of rows.
    fn check(&self) -> Result<i32, Error> {
        check::size("Embed", "num_embeddings", self.num_embeddings)?;
        check::size("Embed", "features", self.features)?;
        check::dtypes("Embed", self.dtype, self.param_dtype)?;
        i32::try_from(self.num_embeddings).map_err(|_| {
            invalid("Embed", "num_embeddings", self.num_embeddings, format!("1 to {}", i32::MAX))
        })
    }

    fn check_query(&self, query: &Tensor) -> Result<(), Error> {
        match query.shape().last() {
            Some(&extent) if extent == self.features => Ok(()),
            _ => {
                let expected = format!("[.., {}], by `features`", self.features);
                Err(invalid("Embed", "the query's shape", format!("{:?}", query.shape()), expected))
            }
        }
    }
}

fn integers(indices: &Tensor) -> Result<(), Error> {
    if indices.dtype().is_integer() {
        return Ok(());
    }
    Err(invalid("Embed", "the dtype of the indices", indices.dtype(), "i32 or u32"))
}
