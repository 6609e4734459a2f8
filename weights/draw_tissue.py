#!/usr/bin/env python3
"""Draws a picture that looks like an electron micrograph of neural tissue, and its truth: an
indexed PNG of labels, 0 membrane (black), 1 cell interior (white).

    python draw_tissue.py --height 512 --width 512 --seed 1 --image tissue.png --truth truth.png

All numbers are doubles made with + - * / sqrt and floor, no sin, exp or log, and random numbers are drawn in one fixed
order, so a port to another language gives the same bytes.
"""
import argparse

import numpy as np
from PIL import Image

BORDER = 2.6          # half the width of a membrane in the truth, pixels: |distance to the cell border| < BORDER
SPACING = 46.0        # mean distance of cell centres, pixels
ROUND = 9.0           # how round the cells' corners are, pixels


class Random:
    """SplitMix64: value i is a hash of seed + (i + 1) * golden ratio, so many can be drawn at once."""

    def __init__(self, seed):
        self.state = np.uint64(seed)

    def uniform(self, n):                       # n doubles in [0, 1)
        with np.errstate(over="ignore"):
            z = self.state + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
            self.state = z[-1]
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            z = z ^ (z >> np.uint64(31))
        return (z >> np.uint64(11)).astype(np.float64) * 2.0 ** -53

    def between(self, low, high):
        return low + (high - low) * float(self.uniform(1)[0])

    def bell(self, n):                          # n numbers of mean 0 and deviation 1: four uniforms' sum, made to measure
        u = self.uniform(4 * n).reshape(n, 4)
        return (u[:, 0] + u[:, 1] + u[:, 2] + u[:, 3] - 2.0) * np.sqrt(3.0)


def smooth_noise(random, height, width, step):
    """Value noise in [-1, 1]: random values on a lattice of `step` pixels, blended between with 3t² - 2t³."""
    rows, columns = int(height / step) + 2, int(width / step) + 2
    lattice = (random.uniform(rows * columns) * 2.0 - 1.0).reshape(rows, columns)
    y, x = np.arange(height) / step, np.arange(width) / step
    i, j = np.floor(y).astype(int), np.floor(x).astype(int)
    t, s = y - i, x - j
    t, s = (t * t * (3.0 - 2.0 * t))[:, None], (s * s * (3.0 - 2.0 * s))[None, :]
    top = lattice[i][:, j] * (1.0 - s) + lattice[i][:, j + 1] * s
    bottom = lattice[i + 1][:, j] * (1.0 - s) + lattice[i + 1][:, j + 1] * s
    return top * (1.0 - t) + bottom * t


def step_down(d, start, end):
    """1 up to d = start, 0 from d = end, smooth between."""
    t = np.minimum(np.maximum((d - start) / (end - start), 0.0), 1.0)
    return 1.0 - t * t * (3.0 - 2.0 * t)


def blur(a):
    """Binomial 1 2 1, down and across, the edge repeated."""
    p = np.pad(a, ((1, 1), (0, 0)), mode="edge")
    a = (p[:-2] + 2.0 * p[1:-1] + p[2:]) * 0.25
    p = np.pad(a, ((0, 0), (1, 1)), mode="edge")
    return (p[:, :-2] + 2.0 * p[:, 1:-1] + p[:, 2:]) * 0.25


def draw(height, width, seed):
    """Returns (image uint8 H×W, truth uint8 H×W)."""
    random = Random(seed)

    # Centres: one in most squares of a grid that reaches a square beyond the picture. Some join the one before them in the
    # row, or the one above, into a large cell.
    rows, columns = int(height / SPACING) + 3, int(width / SPACING) + 3
    centres, cells, levels, at = [], [], [], {}
    for r in range(rows):
        for c in range(columns):
            u = random.uniform(5)
            if u[0] < 0.9:
                before, above = at.get((r, c - 1)), at.get((r - 1, c))
                cell = len(levels)
                if u[4] < 0.18 and before is not None:
                    cell = before
                elif u[4] > 0.82 and above is not None:
                    cell = above
                if cell == len(levels):
                    levels.append(148.0 + 24.0 * u[3])
                at[r, c] = cell
                centres.append(((r - 1 + u[1]) * SPACING, (c - 1 + u[2]) * SPACING))
                cells.append(cell)

    # Each pixel is moved by smooth noise before it looks for its centre: that bends the straight Voronoi borders.
    wide_y, wide_x = smooth_noise(random, height, width, 44.0), smooth_noise(random, height, width, 44.0)
    fine_y, fine_x = smooth_noise(random, height, width, 14.0), smooth_noise(random, height, width, 14.0)
    y = np.arange(height, dtype=np.float64)[:, None] + 13.0 * wide_y + 2.0 * fine_y
    x = np.arange(width, dtype=np.float64)[None, :] + 13.0 * wide_x + 2.0 * fine_x
    nearest, owner = np.full((height, width), 1e30), np.zeros((height, width), int)
    for k, (cy, cx) in enumerate(centres):
        d = (y - cy) * (y - cy) + (x - cx) * (x - cx)
        closer = d < nearest
        nearest, owner = np.where(closer, d, nearest), np.where(closer, k, owner)
    own_y, own_x = np.array([c[0] for c in centres])[owner], np.array([c[1] for c in centres])[owner]
    cell = np.array(cells)[owner]

    # Distance to the nearest border, which is the bisector of two centres of different cells. Where two borders are about
    # as near, a smooth minimum takes a little more off, which rounds the corners.
    first, second = np.full((height, width), 1e4), np.full((height, width), 1e4)
    for k, (cy, cx) in enumerate(centres):
        d = (y - cy) * (y - cy) + (x - cx) * (x - cx)
        apart = np.sqrt((own_y - cy) * (own_y - cy) + (own_x - cx) * (own_x - cx))
        other = cell != cells[k]
        b = np.where(other, (d - nearest) / (2.0 * np.where(other, apart, 1.0)), 1e4)
        second = np.minimum(second, np.maximum(first, b))
        first = np.minimum(first, b)
    close = np.maximum(ROUND - (second - first), 0.0)
    border = first - close * close / (4.0 * ROUND)
    truth = border >= BORDER

    # Cytoplasm: each cell's own grey, mottled.
    grey = np.array(levels)[cell]
    grey = grey + 14.0 * smooth_noise(random, height, width, 24.0)
    grey = grey + 24.0 * smooth_noise(random, height, width, 5.0)

    # Vesicles: small rings, dark outside and light inside. Mitochondria: striped grey ovals with a dark rim.
    py, px = np.arange(height, dtype=np.float64)[:, None], np.arange(width, dtype=np.float64)[None, :]
    for _ in range(height * width // 500):
        cy, cx, radius = random.between(0, height), random.between(0, width), random.between(2.0, 4.5)
        d = np.sqrt((py - cy) * (py - cy) + (px - cx) * (px - cx))
        inside = step_down(border, 4.0, 7.0)
        ring = step_down(np.abs(d - radius), 0.5, 1.7)
        grey = grey - 48.0 * ring * (1.0 - inside)
    for _ in range(height * width // 20000):
        cy, cx = random.between(0, height), random.between(0, width)
        long, short = random.between(14, 24), random.between(8, 12)
        ty, tx = random.between(-1, 1), random.between(-1, 1)
        length = np.sqrt(ty * ty + tx * tx) + 1e-9
        ty, tx = ty / length, tx / length
        along, across = (py - cy) * ty + (px - cx) * tx, (px - cx) * ty - (py - cy) * tx
        d = (np.sqrt((along / long) * (along / long) + (across / short) * (across / short)) - 1.0) * short
        room = 1.0 - step_down(border, 4.0, 7.0)
        stripe = along * 0.2 - np.floor(along * 0.2)
        body = 34.0 + 20.0 * np.abs(2.0 * stripe - 1.0)
        grey = grey - room * step_down(d, -1.0, 1.0) * body - room * 26.0 * step_down(np.abs(d), 0.8, 2.2)

    # Membranes: nearly black along the border, here and there less so; then the microscope's blur and grain.
    dark = 70.0 + 22.0 * smooth_noise(random, height, width, 30.0)
    cover = step_down(border, 0.8, 4.2)
    grey = grey * (1.0 - cover) + dark * cover
    grain = random.bell(height * width).reshape(height, width)
    grey = blur(grey + 42.0 * grain)
    image = np.floor(np.minimum(np.maximum(grey, 0.0), 255.0) + 0.5)
    return np.minimum(image, 255.0).astype(np.uint8), np.where(truth, 255, 0).astype(np.uint8)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--height", type=int, default=512)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--image", required=True)
    parser.add_argument("--truth")
    args = parser.parse_args()
    image, truth = draw(args.height, args.width, args.seed)
    Image.fromarray(image).save(args.image)
    if args.truth:
        labels = Image.fromarray((truth > 0).astype(np.uint8), mode="P")
        labels.putpalette([0, 0, 0, 255, 255, 255])
        labels.save(args.truth)
