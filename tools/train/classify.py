#!/usr/bin/env python3
"""Trains the model of examples/classify and writes model.pt,
expected-labels.bin and labels.txt there.

Needs Python with torch 2.11.0 and numpy (pip install torch==2.11.0 numpy; only
for training, never to run Petrel) and Debian's dataset-fashion-mnist. About
five minutes on two cores; --epochs and --minutes bound it. The seed is fixed;
bits may differ between processors all the same.

  tools/train/classify.py [--epochs 4] [--minutes 6] [--threads 2] [--bf16]
                          [--out DIR]
"""

import argparse
import gzip
import pathlib
import sys
import time

import numpy
import torch
from torch import Tensor, nn
from torch.nn import functional

DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")
LABELS = ["t-shirt/top", "trouser", "pullover", "dress", "coat", "sandal",
          "shirt", "sneaker", "bag", "ankle boot"]


class Net(nn.Module):
    """417,466 weights, 18.6 M multiply-adds an image. From float [n,1,28,28]
    in 0..1 to logits [n,10]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 32, 3, padding=1)
        self.conv3 = nn.Conv2d(32, 64, 3, padding=1)
        self.conv4 = nn.Conv2d(64, 64, 3, padding=1)
        self.fc1 = nn.Linear(64 * 7 * 7, 112)
        self.fc2 = nn.Linear(112, 10)
        self.drop = nn.Dropout(0.3)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.conv1(x))
        x = functional.max_pool2d(functional.relu(self.conv2(x)), 2)
        x = functional.relu(self.conv3(x))
        x = functional.max_pool2d(functional.relu(self.conv4(x)), 2)
        x = self.drop(torch.flatten(x, 1))
        return self.fc2(self.drop(functional.relu(self.fc1(x))))


class Classify(nn.Module):
    """What is shipped. From bytes [n,1,28,28] to (label int64 [n],
    probability float [n,10])."""

    def __init__(self, net: Net) -> None:
        super().__init__()
        self.net = net

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        logits = self.net(images.to(torch.float32) / 255.0)
        return logits.argmax(1), torch.softmax(logits, 1)


def read_idx(name: str, header: int) -> numpy.ndarray:
    path = DATA / name
    if not path.exists():
        sys.exit(f"{path} is missing: apt-get install dataset-fashion-mnist")
    with gzip.open(path) as file:
        return numpy.frombuffer(file.read(), numpy.uint8, offset=header)


def load(part: str) -> tuple[Tensor, Tensor]:
    images = read_idx(f"{part}-images-idx3-ubyte.gz", 16)
    labels = read_idx(f"{part}-labels-idx1-ubyte.gz", 8)
    return (torch.from_numpy(images.copy()).view(-1, 1, 28, 28),
            torch.from_numpy(labels.astype(numpy.int64)))


def train(net: Net, images: Tensor, labels: Tensor, epochs: int,
          deadline: float, bf16: bool) -> None:
    """One-cycle Adam with random left-right flips; stops at the deadline
    (time.monotonic) at the end of a batch."""
    batch = 128
    steps = epochs * (len(images) // batch)
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, steps)
    net.train()
    began = time.monotonic()
    for epoch in range(epochs):
        order = torch.randperm(len(images))
        for i in range(len(images) // batch):
            pick = order[i * batch:(i + 1) * batch]
            x = images[pick].to(torch.float32) / 255.0
            flip = torch.rand(batch) < 0.5
            x[flip] = x[flip].flip(3)
            x = x.contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                logits = net(x)
            loss = functional.cross_entropy(logits.float(), labels[pick])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            if time.monotonic() > deadline:
                print("time is up; stopping early")
                return
        print(f"epoch {epoch + 1}/{epochs}: loss {loss.item():.3f}, "
              f"{time.monotonic() - began:.0f} s", flush=True)


@torch.inference_mode()
def predict(model: torch.jit.ScriptModule, images: Tensor, batch: int,
            layout: torch.memory_format) -> tuple[Tensor, Tensor]:
    parts = [model(images[i:i + batch].contiguous(memory_format=layout))
             for i in range(0, len(images), batch)]
    return torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts])


def check_stable(model: torch.jit.ScriptModule, images: Tensor,
                 expected: Tensor) -> None:
    """The label of an image must not depend on the batch it travels in."""
    for layout in (torch.contiguous_format, torch.channels_last):
        for batch in (1, 7, 38, 300):
            got, _ = predict(model, images, batch, layout)
            bad = (got != expected).nonzero().flatten().tolist()
            if bad:
                print(f"batch {batch}, {layout}: labels differ at {bad}")
    _, p = predict(model, images, 100, torch.channels_last)
    top = p.topk(2, 1).values
    gap, index = (top[:, 0] - top[:, 1]).min(0)
    print(f"narrowest margin: {gap.item():.2e} (image {index.item()})")


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    args.add_argument("--epochs", type=int, default=4)
    args.add_argument("--minutes", type=float, default=6)
    args.add_argument("--threads", type=int, default=2)
    args.add_argument("--bf16", action="store_true",
                      help="train in bfloat16: half the time where the "
                      "processor has avx512_bf16")
    args.add_argument("--out", type=pathlib.Path,
                      default=pathlib.Path(__file__).parents[2]
                      / "examples/classify")
    args = args.parse_args()
    deadline = time.monotonic() + args.minutes * 60
    torch.manual_seed(3)
    torch.set_num_threads(args.threads)

    net = Net().to(memory_format=torch.channels_last)
    print(f"{sum(p.numel() for p in net.parameters())} weights")
    train(net, *load("train"), args.epochs, deadline, args.bf16)

    net = net.to(memory_format=torch.contiguous_format)
    model = torch.jit.freeze(torch.jit.script(Classify(net).eval()))
    args.out.mkdir(parents=True, exist_ok=True)
    torch.jit.save(model, str(args.out / "model.pt"))

    model = torch.jit.load(str(args.out / "model.pt"))
    torch.set_num_threads(1)
    images, truth = load("t10k")
    expected, _ = predict(model, images, 100, torch.channels_last)
    right = int((expected == truth).sum())
    print(f"test accuracy: {right}/{len(truth)}")
    check_stable(model, images, expected)
    (args.out / "expected-labels.bin").write_bytes(
        expected.to(torch.uint8).numpy().tobytes())
    (args.out / "labels.txt").write_text("\n".join(LABELS) + "\n")


if __name__ == "__main__":
    main()
