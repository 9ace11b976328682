//! New text from a trained model, a character a step. Knows the model's cache;
//! not how it was trained.

use metamlp::Map;
use metamlp::prelude::*;

use crate::error::Result;
use crate::model::CharTransformer;

/// Continues `ids`, of which there is one or more, to `length` of them: each is
/// drawn from what the model expects there, its logits divided by `temperature`.
///
/// The cache has room for as many positions as the model has. Where it is full,
/// the second half of what it holds is read again into an empty one.
pub(crate) fn sample(
    model: &CharTransformer,
    params: &Map,
    mut ids: Vec<i32>,
    length: usize,
    temperature: f64,
    key: &Key,
) -> Result<Vec<i32>> {
    // Initialised on a text of full length, a model that decodes has an empty cache.
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

    while ids.len() < length {
        let start = if ids.len() < context { 0 } else { ids.len() - context / 2 };
        let mut variables = empty.clone();
        for position in start..(start + context).min(length - 1) {
            let id = Tensor::from_vec([1, 1], vec![ids[position]]);
            let (updated, drawn) = next(variables, id, key.fold_in(position as u32))?;
            variables = updated;
            if position + 1 == ids.len() {
                ids.push(drawn.item::<i32>()?);
            }
        }
    }
    Ok(ids)
}
