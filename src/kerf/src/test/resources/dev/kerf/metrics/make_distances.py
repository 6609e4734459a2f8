"""Makes distances.json beside this file: what google-deepmind/surface-distance and scipy say of drawn masks.

Run with surface-distance's folder in PYTHONPATH (1f805ce; scipy's old names ndimage.filters and ndimage.morphology
replaced). Made with numpy 2.4.6 and scipy 1.17.1.
"""
import json
import os

import numpy as np
from scipy import ndimage as ndi
from scipy.spatial.distance import directed_hausdorff
from surface_distance import metrics

HERE = os.path.dirname(os.path.abspath(__file__))
np.seterr(all="ignore")


def blobs(seed, shape, sigma, share):
    field = ndi.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), sigma)
    return field > np.quantile(field, 1 - share)


def box(shape, *ranges):
    out = np.zeros(shape, bool)
    out[tuple(slice(a, b) for a, b in ranges)] = True
    return out


def pairs():
    yield "pixel and itself", box((3, 3), (1, 2), (1, 2)), box((3, 3), (1, 2), (1, 2)), (1, 1)
    yield "two pixels apart", box((5, 9), (1, 2), (1, 2)), box((5, 9), (3, 4), (7, 8)), (0.5, 2)
    yield "at the border", box((6, 7), (0, 3), (0, 7)), box((6, 7), (0, 4), (1, 7)), (1, 1)
    yield "full and a hole", np.ones((6, 6), bool), ~box((6, 6), (2, 4), (2, 4)), (1.5, 1)
    yield "both empty", np.zeros((4, 4), bool), np.zeros((4, 4), bool), (1, 1)
    yield "nothing found", box((4, 4), (1, 3), (1, 3)), np.zeros((4, 4), bool), (1, 1)
    yield "nothing there", np.zeros((4, 4), bool), box((4, 4), (1, 3), (1, 3)), (1, 1)
    for seed in range(6):
        shape = (17 + seed, 23 - seed)
        yield f"blobs {seed}", blobs(seed, shape, 1.5, 0.4), blobs(seed + (seed % 3) * 50, shape, 1.7, 0.35), (1 + 0.3 * seed, 0.8)
    yield "noise", np.random.default_rng(7).random((9, 11)) < 0.4, np.random.default_rng(8).random((9, 11)) < 0.5, (0.7, 1.3)
    yield "voxel", box((3, 3, 3), (1, 2), (1, 2), (1, 2)), box((3, 3, 3), (0, 1), (1, 2), (2, 3)), (3, 1, 2)
    yield "empty volumes", np.zeros((2, 2, 2), bool), np.zeros((2, 2, 2), bool), (1, 1, 1)
    yield "box and a shifted one", box((8, 9, 10), (1, 6), (2, 7), (3, 9)), box((8, 9, 10), (2, 7), (2, 8), (1, 8)), (2.5, 0.7, 0.9)
    for seed in range(3):
        shape = (7, 9 + seed, 8)
        yield f"volume {seed}", blobs(seed, shape, 1.2, 0.4), blobs(seed + 9 * seed, shape, 1.4, 0.45), (2.0, 0.6 + seed, 0.9)
    # All 256 ways that 2×2×2 voxels can be inside, many times over.
    yield "voxel noise", np.random.default_rng(5).random((9, 9, 9)) < 0.5, np.random.default_rng(6).random((9, 9, 9)) < 0.5, (1, 1.7, 2.3)


def corners(mask):
    """The points between elements, by another way: those that have both kinds around them."""
    padded = np.pad(mask, 1)
    parts = [padded]
    for axis in range(mask.ndim):
        parts = [p.take(range(s, p.shape[axis] - 1 + s), axis) for p in parts for s in (0, 1)]
    total = sum(p.astype(int) for p in parts)
    return np.argwhere((total > 0) & (total < len(parts)))


def number(v):
    return None if np.isnan(v) else ("inf" if np.isinf(v) else float(v))


def entry(name, truth, predicted, spacing):
    d = metrics.compute_surface_distances(truth, predicted, spacing)
    out = {
        "name": name, "shape": truth.shape, "spacing": spacing,
        "truth": "".join("01"[v] for v in truth.astype(int).ravel()),
        "predicted": "".join("01"[v] for v in predicted.astype(int).ravel()),
    }
    for percent in (50, 95, 100):
        out[f"hausdorff{percent}"] = number(metrics.compute_robust_hausdorff(d, percent))
    out["average"] = [number(v) for v in metrics.compute_average_surface_distance(d)]
    for tolerance in (0, 1, 1.5):
        out[f"dice{tolerance}"] = number(metrics.compute_surface_dice_at_tolerance(d, tolerance))
    if truth.any() and predicted.any():
        a, b = corners(truth) * np.array(spacing), corners(predicted) * np.array(spacing)
        out["scipy"] = max(directed_hausdorff(a, b)[0], directed_hausdorff(b, a)[0])
    return out


if __name__ == "__main__":
    with open(os.path.join(HERE, "distances.json"), "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(entry(*p), separators=(",", ":")) for p in pairs()) + "\n]\n")
