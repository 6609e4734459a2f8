#!/usr/bin/env python3
"""Trains kerf-membrane, a small U-Net that tells cell membranes from cell interiors in electron micrographs.

    python train_membrane.py --data path/to/membrane --out kerf-membrane.safetensors

DATA/image/N.png are 8-bit grey slices, DATA/label/N.png their labels: 0 on a membrane, 255 inside a cell.
First K networks are trained, each without one block of consecutive slices, and measured on that block; then one network
is trained on all slices by the same recipe and written. Nothing is chosen by looking at a block that is measured: the
number of steps is fixed, and the last weights are the ones taken.

Each training runs on one thread, so that a seed gives the same weights however many run side by side (--jobs).
Needs torch, numpy and pillow.
"""
import argparse
import copy
import json
import math
import os
import struct
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from PIL import Image

CLASSES = ["membrane", "cell interior"]
MEMBRANE, INTERIOR = 0, 1


# The network: U-Net with the module and tensor names of milesial/Pytorch-UNet (bilinear=False), at any width and depth.

class DoubleConv(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.double_conv = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs, eps=1e-5), nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs, eps=1e-5), nn.ReLU(inplace=True))

    def forward(self, x):
        return self.double_conv(x)


class Down(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DoubleConv(inputs, outputs))

    def forward(self, x):
        return self.maxpool_conv(x)


class Up(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.up = nn.ConvTranspose2d(inputs, inputs // 2, 2, stride=2)
        self.conv = DoubleConv(inputs, outputs)

    def forward(self, x, skip):
        return self.conv(torch.cat([skip, self.up(x)], dim=1))


class OutConv(nn.Module):
    def __init__(self, inputs, classes):
        super().__init__()
        self.conv = nn.Conv2d(inputs, classes, 1)

    def forward(self, x):
        return self.conv(x)


class UNet(nn.Module):
    def __init__(self, width, depth, channels=1, classes=len(CLASSES)):
        super().__init__()
        self.depth = depth
        self.inc = DoubleConv(channels, width)
        for i in range(1, depth + 1):
            setattr(self, f"down{i}", Down(width << (i - 1), width << i))
        for i in range(1, depth + 1):
            setattr(self, f"up{i}", Up(width << (depth - i + 1), width << (depth - i)))
        self.outc = OutConv(width, classes)

    def forward(self, x):                                        # (B, 1, H, W), H and W multiples of 2^depth
        skips = [self.inc(x)]
        for i in range(1, self.depth + 1):
            skips.append(getattr(self, f"down{i}")(skips[-1]))
        x = skips.pop()
        for i in range(1, self.depth + 1):
            x = getattr(self, f"up{i}")(x, skips.pop())
        return self.outc(x)                                      # (B, classes, H, W)


# The data.

def normalise(pixels):
    """uint8 grey (H, W) to float32: p / 255, less the image's mean, over its population standard deviation."""
    x = pixels.astype(np.float32) / np.float32(255)
    return ((x - x.mean(dtype=np.float64)) / x.std(dtype=np.float64)).astype(np.float32)


def load(data):
    """All slices in the order of their numbers: images (N, 1, H, W) normalised, labels (N, 1, H, W), 1 = cell interior."""
    numbers = sorted(int(p.stem) for p in Path(data, "image").glob("*.png"))
    if not numbers:
        sys.exit(f"no slices in {Path(data, 'image')}")
    read = lambda kind, n: np.asarray(Image.open(Path(data, kind, f"{n}.png")).convert("L"))
    images = np.stack([normalise(read("image", n)) for n in numbers])
    labels = np.stack([(read("label", n) > 127).astype(np.float32) for n in numbers])
    return torch.from_numpy(images)[:, None], torch.from_numpy(labels)[:, None]


def blocks(count, folds):
    """Neighbouring slices look alike, so a fold is a block of consecutive slices, never a random draw."""
    return [list(map(int, block)) for block in np.array_split(np.arange(count), folds)]


def crop(image, label, size, rng):
    """A random window, turned, scaled, bent, flipped, and with its contrast, gamma, sharpness and noise changed."""
    height, width = image.shape[-2:]
    angle, zoom = rng.uniform(-math.pi, math.pi), math.exp(rng.uniform(math.log(0.8), math.log(1.25)))
    mirror = 1.0 if rng.random() < 0.5 else -1.0
    cos, sin = math.cos(angle) * zoom, math.sin(angle) * zoom
    half = (size - 1) / 2
    reach = half * (abs(cos) + abs(sin))                         # half the side of the upright box around the turned window
    centre = lambda length: rng.uniform(min(reach, length / 2), max(length - 1 - reach, length / 2))
    cy, cx = centre(height), centre(width)
    line = torch.arange(size, dtype=torch.float32) - half
    y, x = line[:, None].expand(size, size), line[None, :].expand(size, size) * mirror
    knots = rng.normal(0, rng.uniform(0, 4), (1, 2, size // 48 + 2, size // 48 + 2)).astype(np.float32)   # pixels
    bend = F.interpolate(torch.from_numpy(knots), (size, size), mode="bicubic", align_corners=True)[0]
    sx, sy = cx + cos * x - sin * y + bend[0], cy + sin * x + cos * y + bend[1]
    grid = torch.stack([(2 * sx + 1) / width - 1, (2 * sy + 1) / height - 1], -1)[None]
    both = F.grid_sample(torch.cat([image, label])[None], grid, padding_mode="reflection", align_corners=False)[0]
    image, label = both[:1], (both[1] > 0.5).long()

    if rng.random() < 0.5:                                       # gamma, on the grey range that most pixels lie in
        unit = ((image + 3) / 6).clamp(1e-3, 1)
        bent = unit ** math.exp(rng.uniform(-0.5, 0.5)) * 6 - 3
        image = (bent - bent.mean()) / bent.std() * image.std() + image.mean()
    if rng.random() < 0.3:
        sigma = rng.uniform(0.3, 1.2)
        taps = torch.exp(-torch.arange(-3, 4, dtype=torch.float32) ** 2 / (2 * sigma * sigma))
        taps = taps / taps.sum()
        padded = F.pad(image[None], (3, 3, 3, 3), mode="reflect")
        image = F.conv2d(F.conv2d(padded, taps.view(1, 1, 1, 7)), taps.view(1, 1, 7, 1))[0]
    image = image * math.exp(rng.uniform(-0.3, 0.3)) + rng.uniform(-0.3, 0.3)
    if rng.random() < 0.5:
        noise = rng.standard_normal((size, size), dtype=np.float32) * np.float32(rng.uniform(0, 0.4))
        image = image + torch.from_numpy(noise)
    return image, label


# Training and measuring.

def loss_of(logits, label):
    """Cross-entropy, the rarer membrane weighing more, plus one minus the mean of both classes' soft Dice."""
    weight = torch.tensor([1.5, 1.0])
    entropy = F.cross_entropy(logits, label, weight)
    p = logits.softmax(1)
    truth = F.one_hot(label, len(CLASSES)).permute(0, 3, 1, 2).float()
    dice = (2 * (p * truth).sum((0, 2, 3)) + 1) / ((p + truth).sum((0, 2, 3)) + 1)
    return entropy + 1 - dice.mean()


def settle_norms(model, images):
    """Takes BatchNorm's statistics anew, for the averaged weights, over whole slices as they come."""
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None                                     # a plain average over the batches
    model.train()
    with torch.no_grad():
        for i in range(0, len(images), 2):
            model(images[i:i + 2])
    model.eval()


def train(name, images, labels, held_out, args):
    """One network on the slices not held out. Returns its weights (numpy) and the counts on the slices held out."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(args.seed)
    rng = np.random.default_rng([args.seed, *held_out])
    shown = [i for i in range(len(images)) if i not in held_out]
    model = UNet(args.width, args.depth).to(memory_format=torch.channels_last)
    average = copy.deepcopy(model)
    decay = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW([{"params": decay, "weight_decay": 1e-2}, {"params": rest, "weight_decay": 0}])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, args.rate, total_steps=args.steps, pct_start=0.15)
    start, recent = time.time(), 0.0
    for step in range(1, args.steps + 1):
        batch = [crop(images[i], labels[i], args.crop, rng) for i in rng.choice(shown, args.batch, replace=False)]
        model.train()
        windows = torch.stack([b[0] for b in batch]).to(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bfloat16):
            logits = model(windows)
        loss = loss_of(logits.float(), torch.stack([b[1] for b in batch]))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        with torch.no_grad():                                    # the moving average of the weights is what is kept
            keep = min(0.995, step / (step + 10))
            torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - keep)
        recent += loss.item()
        if step % 100 == 0 or step == args.steps:
            print(f"{name}: step {step}, loss {recent / (step % 100 or 100):.4f}, {time.time() - start:.0f} s", flush=True)
            recent = 0.0
    settle_norms(average, images[shown])
    weights = {k: v.numpy() for k, v in average.state_dict().items() if not k.endswith("num_batches_tracked")}
    return weights, [counts(average, images[i], labels[i]) for i in held_out or shown], time.time() - start


def counts(model, image, label):
    """A slice's pixel counts by [truth, answer]."""
    with torch.no_grad():
        answer = model(image[None]).argmax(1)[0].numpy()
    truth = label[0].numpy().astype(int)
    return np.bincount((truth * 2 + answer).ravel(), minlength=4).reshape(2, 2)


def figures(tables):
    """Dice of membrane and interior, and accuracy: each slice's averaged, then the same of all pixels pooled."""
    def of(c):
        dice = [2 * c[k, k] / (c[k].sum() + c[:, k].sum()) for k in (MEMBRANE, INTERIOR)]
        return np.array([*dice, np.trace(c) / c.sum()])
    return np.mean([of(c) for c in tables], 0), of(np.sum(tables, 0))


def print_table(rows):
    print(f"\n{'slices held out':<18} {'membrane':>9} {'interior':>9} {'accuracy':>9}   {'pooled:':>8} {'membrane':>9} "
          f"{'interior':>9} {'accuracy':>9}")
    for name, tables in rows:
        each, pooled = figures(tables)
        print(f"{name:<18} " + " ".join(f"{v:9.4f}" for v in each) + " " * 12 + " ".join(f"{v:9.4f}" for v in pooled))
    print(flush=True)


# The file.

def write_safetensors(path, tensors, metadata):
    """An 8-byte little-endian header length, a JSON header padded with spaces to 8 bytes, then the raw tensors."""
    header, offset = {"__metadata__": metadata}, 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + tensor.nbytes]}
        offset += tensor.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    temporary = Path(f"{path}.part")
    with open(temporary, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(np.ascontiguousarray(tensor, "<f4").tobytes())
    os.replace(temporary, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with image/ and label/")
    parser.add_argument("--out", required=True, help="the safetensors file to write")
    parser.add_argument("--folds", type=int, default=3, help="blocks of the cross-validation; 0 leaves it out")
    parser.add_argument("--steps", type=int, default=2600)
    parser.add_argument("--batch", type=int, default=2, help="windows in a step")
    parser.add_argument("--crop", type=int, default=256, help="side of a window, a multiple of 2^depth")
    parser.add_argument("--rate", type=float, default=4e-3, help="highest learning rate of the cycle")
    parser.add_argument("--width", type=int, default=12, help="channels of the first level; each deeper one has double")
    parser.add_argument("--depth", type=int, default=4, help="number of poolings")
    parser.add_argument("--seed", type=int, default=2012)
    parser.add_argument("--bfloat16", action=argparse.BooleanOptionalAction, default=True,
                        help="train with bfloat16 products (weights, norms and all measuring stay float32)")
    parser.add_argument("--jobs", type=int, default=2, help="trainings side by side")
    args = parser.parse_args()

    images, labels = load(args.data)
    folds = blocks(len(images), args.folds) if args.folds else []
    start = time.time()
    with ProcessPoolExecutor(args.jobs, mp_context=get_context("spawn")) as pool:
        runs = [pool.submit(train, f"slices {b[0]}-{b[-1]} held out", images, labels, b, args) for b in folds]
        last = pool.submit(train, "all slices", images, labels, [], args)
        rows = [(f"{b[0]}-{b[-1]}", run.result()[1]) for b, run in zip(folds, runs)]
        weights, shown, seconds = last.result()
    measured = "not cross-validated"
    if rows:
        tables = [t for _, fold in rows for t in fold]
        print_table(rows + [("all", tables)])
        each, pooled = figures(tables)
        measured = (f"{args.folds}-fold cross-validation over blocks of consecutive slices: Dice membrane {each[0]:.4f}, "
                    f"cell interior {each[1]:.4f}, pixel accuracy {each[2]:.4f} (mean of slices); "
                    f"{pooled[0]:.4f}, {pooled[1]:.4f}, {pooled[2]:.4f} (all pixels pooled)")
    print("The network written, on the slices that it was trained on (says nothing about new ones):")
    print_table([("none", shown)])
    parameters = sum(w.size for name, w in weights.items() if "running_" not in name)
    write_safetensors(args.out, weights, {
        "kerf.model": "unet",
        "kerf.name": "kerf-membrane",
        "kerf.classes": json.dumps(CLASSES),
        "kerf.input.channels": "1",
        "kerf.input.scale": "1/255",
        "kerf.input.normalise": "image",
        "kerf.up": "transposed",
        "kerf.norm": "batch",
        "kerf.norm.eps": "1e-05",
        "kerf.licence": "Apache-2.0 (weights); data: see provenance",
        "kerf.provenance": (
            f"train_membrane.py, seed {args.seed}, width {args.width}, depth {args.depth}, {args.steps} steps of "
            f"{args.batch} windows of {args.crop}x{args.crop}, torch {torch.__version__.split('+')[0]}; data: {len(images)} "
            f"slices of the ISBI 2012 challenge's training stack (Cardona et al. 2010, Arganda-Carreras et al. 2015) as "
            f"published in zhixuhao/unet (MIT); {measured}"),
    })
    print(f"{args.out}: {parameters} parameters, {os.path.getsize(args.out)} bytes; {seconds:.0f} s for the last training, "
          f"{time.time() - start:.0f} s in all")


if __name__ == "__main__":
    main()
