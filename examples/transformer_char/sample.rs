//! Samples text from a trained model, one character per step. Knows the model's
//! cache, not its training.

use metamlp::Map;
use metamlp::prelude::*;
use metamlp_experiment::Progress;

use crate::error::Result;
use crate::model::CharTransformer;

/// Continues `ids`, at least one, to `length` ids. Each is sampled from the model's
/// logits divided by `temperature`.
///
/// The cache has one entry per position of the context. When it is full, the second
/// half of the context is read into an empty one.
pub(crate) fn sample(
    model: &CharTransformer,
    params: &Map,
    mut ids: Vec<i32>,
    length: usize,
    temperature: f64,
    key: &Key,
) -> Result<Vec<i32>> {
    // Initialising a decoding model on a text of full length makes an empty cache.
    let context = model.context;
    let model = model.clone().decode(true);
    let fresh = model.init(key, |m| m.call(&Tensor::spec([1, context], I32)))?;
    let empty = fresh.with_params(params.clone());

    let next = jit(move |variables: Variables, id: Tensor, key: Key| {
        let options = Options::new().mutable("cache");
        let (logits, cache) = model.apply_mut(&variables, options, |m| m.call(&id))?;
        let drawn = random::categorical(key, &(logits / temperature), -1, None);
        Ok((variables.updated(cache), drawn))
    });

    let mut progress = Progress::new("sampling", length);
    while ids.len() < length {
        let start = if ids.len() < context { 0 } else { ids.len() - context / 2 };
        let mut variables = empty.clone();
        for position in start..(start + context).min(length - 1) {
            let id = Tensor::from_vec([1, 1], vec![ids[position]]);
            let (updated, drawn) = next(variables, id, key.fold_in(position as u32))?;
            variables = updated;
            if position + 1 == ids.len() {
                ids.push(drawn.item::<i32>()?);
                let rate = progress.rate(ids.len());
                progress.show(ids.len(), || format!("{rate:.0} characters/s"));
            }
        }
    }
    Ok(ids)
}
