"""Writes special_points.tsv: each loss, and its first and second derivative, along a line of predictions
through special points, from optax in f64. `?` stands where there is no derivative.

    python3 -m venv env && env/bin/pip install jax==0.10.2 optax==0.2.8
    env/bin/python metamlp-optim/tests/optim/losses/special_points.py > metamlp-optim/tests/optim/losses/special_points.tsv
"""

import jax

jax.config.update("jax_enable_x64", True)

import itertools
import math

import jax.numpy as jnp
import numpy as np
import optax

INF, NAN = math.inf, math.nan
BESIDE = 2.0**-10

# Predictions are x times the line plus the start; special_points.rs has the same numbers.
LINE, START = jnp.array([1.0, -0.5, 0.25]), jnp.array([0.0, 0.0, 0.0])
LABELS = jnp.array([0.2, 0.0, 0.8])
LOG_LABELS = jnp.log(jnp.array([0.2, 0.3, 0.5]))
VECTOR = jnp.array([1.0, 2.0, -2.0])


def ctc(x, labels):
    """The sum over every way to speak the labels, which has no kinks; optax's lattice has some at equal
    logits, with wrong second derivatives."""
    frames, classes = 4, 3
    logits = x * jnp.outer(jnp.arange(1.0, frames + 1), LINE)
    log_p = jax.nn.log_softmax(logits, axis=-1)
    ways = []
    for path in itertools.product(range(classes), repeat=frames):
        collapsed = [label for label, _ in itertools.groupby(path)]
        if [label for label in collapsed if label != 0] == labels:
            ways.append(sum(log_p[frame, label] for frame, label in enumerate(path)))
    return -jax.nn.logsumexp(jnp.stack(ways))


def elementwise(loss, target, **options):
    return lambda x: loss(x, jnp.float64(target), **options)


def along(loss, targets, **options):
    return lambda x: loss(x * LINE + START, targets, **options)


LOSSES = {
    "squared_error": elementwise(optax.losses.squared_error, 1.0),
    "l2_loss": elementwise(optax.losses.l2_loss, 1.0),
    "huber_loss": elementwise(optax.losses.huber_loss, 1.0),
    "huber_loss_with_delta": elementwise(optax.losses.huber_loss, 1.0, delta=0.5),
    "log_cosh": elementwise(optax.losses.log_cosh, 1.0),
    "hinge_loss": elementwise(optax.losses.hinge_loss, 1.0),
    "sigmoid_binary_cross_entropy": elementwise(optax.losses.sigmoid_binary_cross_entropy, 0.25),
    "softmax_cross_entropy": along(optax.losses.softmax_cross_entropy, LABELS),
    "softmax_cross_entropy_with_integer_labels": along(optax.losses.softmax_cross_entropy_with_integer_labels, jnp.int32(2)),
    "poly_loss_cross_entropy": along(optax.losses.poly_loss_cross_entropy, LABELS),
    "kl_divergence": along(optax.losses.kl_divergence, LABELS),
    "kl_divergence_with_log_targets": along(optax.losses.kl_divergence_with_log_targets, LOG_LABELS),
    "generalized_kl_divergence": along(optax.losses.generalized_kl_divergence, LABELS),
    "cosine_similarity": lambda x: optax.losses.cosine_similarity(x * LINE + jnp.array([0.0, 1.0, 0.0]), VECTOR),
    "cosine_distance": lambda x: optax.losses.cosine_distance(x * LINE + jnp.array([0.0, 1.0, 0.0]), VECTOR),
    "ctc_loss": lambda x: ctc(x, [1, 2]),
    "ctc_loss, a label twice": lambda x: ctc(x, [1, 1]),
}

POINTS = [-50.0, -1e-20, 1e-20, 50.0]
for kink in [-1.0, 0.0, 0.5, 1.0, 1.5, 2.0]:
    POINTS += [kink - BESIDE, kink, kink + BESIDE]
POINTS = sorted(set(POINTS))
# Far away the derivatives of a sum of exponentials are those of the largest.
FAR = [-INF, -1e20, -1e4, 1e4, 1e20, INF]
LINEAR = ["huber_loss", "huber_loss_with_delta", "log_cosh", "hinge_loss", "sigmoid_binary_cross_entropy"]

# The mathematics, where optax's formula has infinity minus infinity.
RIGHT = {}
for delta, name in [(1.0, "huber_loss"), (0.5, "huber_loss_with_delta"), (1.0, "log_cosh")]:
    for x in [-INF, INF]:
        RIGHT |= {(name, x, 0): INF, (name, x, 1): math.copysign(delta, x), (name, x, 2): 0.0}
for x, slope in [(-INF, -0.25), (INF, 0.75)]:
    RIGHT |= {("sigmoid_binary_cross_entropy", x, order): right for order, right in enumerate((INF, slope, 0.0))}
# Kinks of the first derivative.
NONE = {("huber_loss", x, 2) for x in (0.0, -1e-20, 1e-20, 2.0)} | {("huber_loss_with_delta", x, 2) for x in (0.5, 1.5)}


def text(number):
    return "nan" if number != number else repr(float(number))


print("loss\tx\tvalue\tfirst\tsecond")
for name, f in LOSSES.items():
    orders = [f, jax.grad(f), jax.grad(jax.grad(f))]
    points = sorted(POINTS + (FAR if name in LINEAR else [])) + [NAN]
    for x in points:
        cells = []
        for order, g in enumerate(orders):
            key = (name, x, order)
            cells.append("?" if key in NONE else text(RIGHT.get(key, np.asarray(g(jnp.float64(x))))))
        print(name, text(x), *cells, sep="\t")
