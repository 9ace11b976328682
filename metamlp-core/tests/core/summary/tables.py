"""Writes the tables that `summary.rs` compares with: those of Flax 0.12.8 on JAX 0.10.2.

Run it with both installed; it writes next to itself.
"""

import pathlib

import flax.linen as nn
import jax
import jax.numpy as jnp


class Block(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        h = jnp.sin(nn.Dense(self.features)(x))
        return x + nn.Dense(x.shape[-1])(h)


class Nested(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = Block(32)(x)
        x = Block(400)(x)
        return nn.Dense(10, name="head")(x)


class Shared(nn.Module):
    @nn.compact
    def __call__(self, x, y):
        dense = nn.Dense(6)
        block = Block(8)
        return {"x": block(dense(x)), "y": (block(dense(y)), dense(y))}


class Normalised(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.Dense(4)(x)
        x = nn.BatchNorm(use_running_average=False)(x)
        return nn.Dense(2)(x)


def write(name, model, *shapes, **options):
    inputs = [jnp.ones(shape) for shape in shapes]
    options = {"compute_flops": True, "console_kwargs": {"width": 300, "force_terminal": False}} | options
    table = model.tabulate(jax.random.key(0), *inputs, **options)
    lines = [line.rstrip() for line in table.strip("\n").splitlines()]
    # The title and the caption are centred in the console there.
    pathlib.Path(__file__).with_name(f"{name}.txt").write_text("\n".join(lines) + "\n")


write("nested", Nested(), (16, 9), compute_vjp_flops=True)
write("nested_depth_1", Nested(), (16, 9), compute_vjp_flops=True, depth=1)
write("shared", Shared(), (3, 5), (2, 5), compute_vjp_flops=True)
write("shared_repeated", Shared(), (3, 5), (2, 5), compute_flops=False, show_repeated=True)
write("normalised", Normalised(), (16, 9))
