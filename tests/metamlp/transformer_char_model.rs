//! The model of the example: it is causal, and with the cache it gives the logits
//! that it gives without.

#[path = "../../examples/transformer_char/model.rs"]
mod model;

use metamlp::prelude::*;
use model::CharTransformer;

const CONTEXT: usize = 12;

/// Two texts of full length, and a small model with its variables.
fn example() -> metamlp::Result<(CharTransformer, Variables, Tensor)> {
    let model = CharTransformer::new(9, CONTEXT).features(16).layers(2).heads(2);
    let ids = random::randint(Key::new(1), [2, CONTEXT], 0, 9);
    let variables = model.init(Key::new(0), |m| m.call(&ids))?;
    Ok((model, variables, evaluate(ids)?))
}

#[test]
fn the_cache_changes_no_logits() -> metamlp::Result<()> {
    let (model, variables, ids) = example()?;
    let whole = model.apply(&variables, (), |m| m.call(&ids))?;

    let decoder = model.clone().decode(true);
    let empty = decoder.init(Key::new(5), |m| m.call(&Tensor::spec([2, CONTEXT], I32)))?;
    let step = jit(move |variables: Variables, ids: Tensor| {
        let (logits, cache) =
            decoder.apply_mut(&variables, Options::new().mutable("cache"), |m| m.call(&ids))?;
        Ok((variables.updated(cache), logits))
    });
    let mut variables = empty.with_params(variables.params().clone());
    for position in 0..CONTEXT {
        let (updated, logits) = step(variables, ids.slice_axis(1, position, position + 1))?;
        variables = updated;
        let expected = whole.slice_axis(1, position, position + 1);
        let difference = (logits - expected).abs().max_all().item::<f32>()?;
        // Logits are about 1; their sums have another order.
        assert!(difference < 1e-5, "position {position} differs by {difference}");
    }
    assert_eq!(variables["cache"]["position"].as_tensor().unwrap().to_vec::<i32>()?, [CONTEXT as i32]);
    Ok(())
}

#[test]
fn later_characters_change_no_earlier_logits() -> metamlp::Result<()> {
    let (model, variables, ids) = example()?;
    let logits = |ids: &Tensor| model.apply(&variables, (), |m| m.call(ids));
    let other = Tensor::concatenate(&[&ids.slice_axis(1, 0, 7), &Tensor::full([2, CONTEXT - 7], 3, I32)], 1);
    let (first, second) = (logits(&ids)?, logits(&other)?);
    let at = |logits: &Tensor, from, to| logits.slice_axis(1, from, to).to_vec::<f32>();
    assert_eq!(at(&first, 0, 7)?, at(&second, 0, 7)?);
    assert_ne!(at(&first, 7, CONTEXT)?, at(&second, 7, CONTEXT)?);
    Ok(())
}
