"""PyTorch. usage: torch_worker.py THREADS [compile] | torch_worker.py once mlp|cnn"""
import os
import sys

if sys.argv[1] != "once":
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = sys.argv[1]
import torch
import torch.nn as nn
import torch.nn.functional as F

from worker import serve

torch.manual_seed(0)
COMPILE = "compile" in sys.argv


def mlp():
    return nn.Sequential(
        nn.Linear(1568, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 784)
    )


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(3136, 256), nn.ReLU(), nn.Linear(256, 10)
    )


class Seed(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.norm, self.b = nn.Linear(7, 16), nn.BatchNorm1d(16), nn.Linear(16, 1)

    def forward(self, x):
        x, norm = self.a(x), self.norm
        # nn.BatchNorm1d refuses a batch of 1 in training.
        x = torch.batch_norm(x, norm.weight, norm.bias, norm.running_mean, norm.running_var, True, 0.01, 1e-5, False)
        x = F.relu(x)
        return self.b(x + 0.1 * torch.randn_like(x))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm_1, self.norm_2 = nn.LayerNorm(256), nn.LayerNorm(256)
        self.attention = nn.MultiheadAttention(256, 4, batch_first=True)
        self.up, self.down = nn.Linear(256, 1024), nn.Linear(1024, 256)

    def forward(self, x):
        y = self.norm_1(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.down(F.gelu(self.up(self.norm_2(x)), approximate="tanh"))


def transformer():
    return nn.Sequential(*[Block() for _ in range(12)], nn.LayerNorm(256))


def forward(model, x, training=False):
    f = torch.compile(model.train(training)) if COMPILE else model.train(training)

    def call():
        with torch.inference_mode():
            f(x)

    return call


def train(model, x, y, loss):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    f = torch.compile(model) if COMPILE else model

    def call():
        optimizer.zero_grad(set_to_none=True)
        loss(f(x), y).backward()
        optimizer.step()

    return call


def case_of(name):
    match name.split("_"):
        case ["W1", batch]:
            return forward(mlp(), torch.randn(int(batch[1:]), 1568))
        case ["W2", _]:
            return train(mlp(), torch.randn(128, 1568), torch.randn(128, 784), F.mse_loss)
        case ["W3", batch] if not COMPILE:
            return forward(Seed(), torch.randn(int(batch), 7), training=True)
        case ["W4", "mlp", "jit"] if not COMPILE:
            return mlp
        case ["W4", "tf", "jit"] if not COMPILE:
            return transformer
        case ["W6", "geluln"]:
            return forward(nn.Sequential(nn.GELU("tanh"), nn.LayerNorm(768)), torch.randn(4096, 768))
        case ["W6", "gelu"]:
            return forward(nn.GELU("tanh"), torch.randn(4096, 768))
        case ["W6", "ln"]:
            return forward(nn.LayerNorm(768), torch.randn(4096, 768))
        case ["W6", "softmax"]:
            return forward(nn.Softmax(-1), torch.randn(512, 4096))
        case ["W7", "fwd"]:
            return forward(cnn(), torch.randn(64, 1, 28, 28))
        case ["W7", "train"]:
            return train(cnn(), torch.randn(64, 1, 28, 28), torch.arange(64) % 10, F.cross_entropy)
        case ["TF", *_]:
            return forward(transformer(), torch.randn(8, 64, 256))
        case ["W8", shape] if not COMPILE:
            rows, depth, columns = map(int, shape.split("x"))
            lhs, rhs = torch.randn(rows, depth), torch.randn(depth, columns)
            return lambda: lhs @ rhs
    raise KeyError(name)


if sys.argv[1] == "once":
    model, x = (mlp(), torch.randn(32, 1568)) if sys.argv[2] == "mlp" else (cnn(), torch.randn(64, 1, 28, 28))
    with torch.inference_mode():
        print(float(model(x).sum()))
else:
    torch.set_num_threads(int(sys.argv[1]))
    serve(case_of, "torch")
