"""Writes special_points.tsv: value, first and second derivative of each activation at special points, from
jax.nn in f64. `?` stands where there is no derivative that both sides agree on and JAX's is arbitrary.

    python3 -m venv env && env/bin/pip install jax==0.10.2
    env/bin/python metamlp-core/tests/core/activations/special_points.py > metamlp-core/tests/core/activations/special_points.tsv
"""

import jax

jax.config.update("jax_enable_x64", True)

import math

import jax.numpy as jnp
from jax import nn

INF, NAN = math.inf, math.nan
BESIDE = 2.0**-10

ACTIVATIONS = {
    "relu": nn.relu,
    "relu6": nn.relu6,
    "leaky_relu": nn.leaky_relu,
    "elu": nn.elu,
    "elu_with_alpha": lambda x: nn.elu(x, 0.5),
    "celu": nn.celu,
    "celu_with_alpha": lambda x: nn.celu(x, 0.5),
    "selu": nn.selu,
    "sigmoid": nn.sigmoid,
    "log_sigmoid": nn.log_sigmoid,
    "softplus": nn.softplus,
    "tanh": jnp.tanh,
    "soft_sign": nn.soft_sign,
    "silu": nn.silu,
    "gelu": nn.gelu,
    "gelu_exact": lambda x: nn.gelu(x, approximate=False),
    "hard_sigmoid": nn.hard_sigmoid,
    "hard_silu": nn.hard_silu,
    "hard_tanh": nn.hard_tanh,
}

POINTS = [-INF, -1e20, -1e4, -50.0, 0.0, -1e-20, 1e-20, 50.0, 1e4, 1e20, INF, NAN]
for kink in [-3.0, -1.0, 0.0, 1.0, 3.0, 6.0]:
    POINTS += [kink - BESIDE, kink, kink + BESIDE]
POINTS = sorted(set(p for p in POINTS if p == p)) + [NAN]

# The mathematics, where JAX's formula has 0 times infinity or infinity minus infinity.
RIGHT = {
    (name, x, order): right
    for name in ["silu", "gelu", "gelu_exact", "hard_silu"]
    for x, values in [(-INF, (0.0, 0.0, 0.0)), (INF, (INF, 1.0, 0.0))]
    for order, right in enumerate(values)
}
RIGHT |= {
    ("soft_sign", x, order): right
    for x in [-INF, INF]
    for order, right in enumerate((math.copysign(1.0, x), 0.0, 0.0))
}
RIGHT |= {
    (name, x, order): right
    for name, slopes in [("softplus", (0.0, 1.0)), ("log_sigmoid", (1.0, 0.0))]
    for x, slope in zip([-INF, INF], slopes)
    for order, right in [(1, slope), (2, 0.0)]
}
# gelu's cube overflows, and the derivatives of both forms of it.
RIGHT |= {
    (name, x, order): right
    for name in ["gelu", "gelu_exact", "silu"]
    for x in [-1e20, -1e4, 1e4, 1e20]
    for order, right in enumerate((max(x, 0.0), float(x > 0), 0.0))
}
# A NaN passes the gradient on: what follows gives it NaN. jax.nn stops it.
RIGHT |= {(name, "nan", 1): 1.0 for name in ["relu", "relu6"]}
RIGHT |= {("hard_sigmoid", "nan", 1): 1.0 / 6.0, ("hard_silu", "nan", 2): 1.0 / 3.0}

# Kinks of the first derivative.
NONE = {("celu", 0.0, 2), ("celu_with_alpha", 0.0, 2), ("soft_sign", 0.0, 2)}


def text(number):
    return "nan" if number != number else repr(float(number))


print("activation\tx\tvalue\tfirst\tsecond")
for name, f in ACTIVATIONS.items():
    orders = [f, jax.grad(f), jax.grad(jax.grad(f))]
    for x in POINTS:
        cells = []
        for order, g in enumerate(orders):
            key = (name, "nan" if x != x else x, order)
            cells.append("?" if key in NONE else text(RIGHT.get(key, g(jnp.float64(x)))))
        print(name, text(x), *cells, sep="\t")
