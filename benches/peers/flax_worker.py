"""JAX, Flax Linen and optax. usage: flax_worker.py THREADS | flax_worker.py once mlp|cnn"""
import functools
import os
import sys

if sys.argv[1] == "1":
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ.setdefault("JAX_PLATFORMS", "cpu")
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from worker import serve

KEY = jax.random.key(0)


class Mlp(nn.Module):
    @nn.compact
    def __call__(self, x):
        for width in (512, 512, 512):
            x = nn.relu(nn.Dense(width)(x))
        return nn.Dense(784)(x)


class Seed(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.relu(nn.BatchNorm(use_running_average=False)(nn.Dense(16)(x)))
        x = x + 0.1 * jax.random.normal(self.make_rng("noise"), x.shape)
        return nn.Dense(1)(x)


class Block(nn.Module):
    @nn.compact
    def __call__(self, x):
        y = nn.LayerNorm()(x)
        x = x + nn.MultiHeadDotProductAttention(num_heads=4)(y, y)
        return x + nn.Dense(256)(nn.gelu(nn.Dense(1024)(nn.LayerNorm()(x))))


class Transformer(nn.Module):
    @nn.compact
    def __call__(self, x):
        for _ in range(12):
            x = Block()(x)
        return nn.LayerNorm()(x)


class Cnn(nn.Module):
    @nn.compact
    def __call__(self, x):
        for features in (32, 64):
            x = nn.avg_pool(nn.relu(nn.Conv(features, (3, 3))(x)), (2, 2), (2, 2))
        x = nn.relu(nn.Dense(256)(x.reshape((x.shape[0], -1))))
        return nn.Dense(10)(x)


class GeluLayerNorm(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.LayerNorm()(nn.gelu(x))


def normal(*shape):
    return jnp.asarray(np.random.default_rng(0).standard_normal(shape, dtype=np.float32))


def compiled(f, *arguments):
    f = jax.jit(f)
    return lambda: jax.block_until_ready(f(*arguments))


def forward(model, x):
    return compiled(model.apply, jax.jit(model.init)(KEY, x), x)


def train(model, x, y, loss_of):
    params, tx = model.init(KEY, x)["params"], optax.adam(1e-3)

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def step(params, opt_state):
        loss, grads = jax.value_and_grad(lambda p: loss_of(model.apply({"params": p}, x), y))(params)
        updates, opt_state = tx.update(grads, opt_state, params)
        return optax.apply_updates(params, updates), opt_state, loss

    state = [params, tx.init(params)]

    def call():
        state[0], state[1], _ = step(*state)
        jax.block_until_ready(state[0])

    return call


def noisy(batch, is_compiled):
    model, x = Seed(), normal(batch, 7)
    variables = model.init({"params": KEY, "noise": KEY}, x)
    apply = lambda v, x, key: model.apply(v, x, mutable=["batch_stats"], rngs={"noise": key})
    if is_compiled:
        return compiled(apply, variables, x, KEY)
    return lambda: jax.block_until_ready(apply(variables, x, KEY))


def init(model, x, how):
    if how == "jit":
        return compiled(model.init, KEY, x)
    if how == "shape":
        return lambda: jax.eval_shape(model.init, KEY, x)

    def first_call():
        jax.clear_caches()
        jax.block_until_ready(jax.jit(model.init)(KEY, x))

    return first_call


def case_of(name):
    match name.split("_"):
        case ["W1", batch]:
            return forward(Mlp(), normal(int(batch[1:]), 1568))
        case ["W2", _]:
            return train(Mlp(), normal(128, 1568), normal(128, 784), lambda p, y: jnp.mean((p - y) ** 2))
        case ["W3", batch]:
            return noisy(int(batch), True)
        case ["W3", batch, "eager"]:
            return noisy(int(batch), False)
        case ["W4", "mlp", how]:
            return init(Mlp(), normal(1, 1568), how)
        case ["W4", "tf", how]:
            return init(Transformer(), normal(1, 64, 256), how)
        case ["W6", "geluln"]:
            return forward(GeluLayerNorm(), normal(4096, 768))
        case ["W6", "gelu"]:
            return compiled(nn.gelu, normal(4096, 768))
        case ["W6", "ln"]:
            return forward(nn.LayerNorm(), normal(4096, 768))
        case ["W6", "softmax"]:
            return compiled(nn.softmax, normal(512, 4096))
        case ["W7", "fwd"]:
            return forward(Cnn(), normal(64, 28, 28, 1))
        case ["W7", "train"]:
            loss = lambda p, y: optax.softmax_cross_entropy_with_integer_labels(p, y).mean()
            return train(Cnn(), normal(64, 28, 28, 1), jnp.arange(64) % 10, loss)
        case ["TF", *_]:
            return forward(Transformer(), normal(8, 64, 256))
        case ["W8", shape]:
            rows, depth, columns = map(int, shape.split("x"))
            return compiled(jnp.matmul, normal(rows, depth), normal(depth, columns))
    raise KeyError(name)


def once(which):
    model, x = (Mlp(), normal(32, 1568)) if which == "mlp" else (Cnn(), normal(64, 28, 28, 1))
    variables = jax.jit(model.init)(KEY, x)
    print(float(jax.jit(model.apply)(variables, x).sum()))


if sys.argv[1] == "once":
    once(sys.argv[2])
else:
    serve(case_of, "flax")
