#!/usr/bin/env python3
"""The peer of benches/meta_ot_update.rs: one MetaInitializer.update of OTT-JAX.

usage: ott_update.py IMAGES.gz [--batch N] [--epsilon E]

Needs: jax flax optax ott-jax numpy (PyPI; measured with jax 0.10.2, flax 0.12.8,
optax 0.2.8, ott-jax 0.6.0). The settings are those of OTT's tutorial "Meta OT":
MNIST digits, zeros kept, as weights on the 28x28 pixel grid in [0, 1]^2, squared
Euclidean cost over a dense PointCloud, epsilon 1e-2, a perceptron of 512x3, Adam
1e-3, batches of 128 random pairs, float32.

A worker: prints "ready" once the update is compiled and warm, then for each line
that it reads runs one update on a batch of its own and prints the seconds it took
(the batch is on the device before the clock starts, and the new parameters are
there before it stops). It ends with its input.
"""
import argparse
import gzip
import os
import sys
import time

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn
from ott.geometry import pointcloud
from ott.initializers.neural import meta_initializer


class MetaMLP(nn.Module):
    """OTT's network up to 0.4.4, as its tutorial carries it on: one concatenated input."""

    potential_size: int
    num_hidden_units: int = 512
    num_hidden_layers: int = 3

    @nn.compact
    def __call__(self, z):
        for _ in range(self.num_hidden_layers):
            z = nn.relu(nn.Dense(self.num_hidden_units)(z))
        return nn.Dense(self.potential_size)(z)


def read_digits(path):
    """The images of an IDX file as distributions, [images, pixels]."""
    with gzip.open(path) as file:
        header = np.frombuffer(file.read(16), ">u4")
        images = np.frombuffer(file.read(), np.uint8).reshape(header[1], -1).astype(np.float32)
    return images / images.sum(1, keepdims=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("images")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--epsilon", type=float, default=1e-2)
    args = parser.parse_args()

    digits = read_digits(args.images)
    side = int(digits.shape[1] ** 0.5)
    axis = np.linspace(0.0, 1.0, side)
    points = jnp.asarray([[x, y] for y in axis[::-1] for x in axis], jnp.float32)
    geometry = pointcloud.PointCloud(points, epsilon=args.epsilon)
    meta = meta_initializer.MetaInitializer(geometry, MetaMLP(geometry.shape[0]), opt=optax.adam(1e-3))
    random = np.random.default_rng(0)

    def update():
        a, b = (jnp.asarray(digits[random.integers(len(digits), size=args.batch)]) for _ in range(2))
        jax.block_until_ready((a, b))
        start = time.perf_counter()
        _, _, meta.state = jax.block_until_ready(meta.update(meta.state, a, b))
        return time.perf_counter() - start

    for _ in range(2):
        update()
    print("ready", flush=True)
    for _ in sys.stdin:
        print(f"{update():.9f}", flush=True)


if __name__ == "__main__":
    main()
