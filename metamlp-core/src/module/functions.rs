//! Free functions that act on the innermost running module: the requests, for
//! models that are written as a function, and interceptors around a closure.

use metamlp_tensor::Tensor;
use metamlp_tensor::random::Key;

use crate::initializers::initializer::Initializer;
use crate::module::Module;
use crate::module::intercept::{Interceptor, MethodCall, Output};
use crate::module::requests::{functions, requests};
use crate::scope::stack;
use crate::variables::Variables;
use crate::variables::entry::Entry;
use crate::variables::spec::Spec;
use crate::variables::variable::Variable;

requests!(functions);

/// Runs `f` and passes every method call that it makes to `interceptor` (Flax's
/// `intercept_methods`). For use inside a module's methods; use
/// [`Options::intercept_methods`](crate::Options::intercept_methods) for a whole model.
///
/// ```
/// use metamlp::prelude::*;
/// use metamlp::intercept_methods;
///
/// /// Two layers; an interceptor halves the input of the second.
/// #[compact]
/// fn halving(x: &Tensor) -> Tensor {
///     let x = Dense::new(4).call(x);
///     intercept_methods(
///         |call| {
///             let inputs = call.inputs().clone().map(|_, x| x * 0.5);
///             call.proceed_with(inputs)
///         },
///         || Dense::new(4).use_bias(false).call(&x),
///     )
/// }
///
/// let variables = halving().init(Key::new(0), |m| m.call(&Tensor::spec([1, 3], F32)))?;
/// assert_eq!(variables.params().names().collect::<Vec<_>>(), ["Dense_0", "Dense_1"]);
/// # Ok::<(), metamlp::Error>(())
/// ```
pub fn intercept_methods<R>(
    interceptor: impl Fn(MethodCall<'_>) -> Output + Send + Sync + 'static,
    f: impl FnOnce() -> R,
) -> R {
    let Some(mut frame) = stack::top() else { return f() };
    frame.interceptors = frame.interceptors.with(Interceptor::new(interceptor));
    let _guard = stack::push(frame);
    f()
}
