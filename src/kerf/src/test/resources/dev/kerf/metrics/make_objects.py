"""Makes objects.json beside this file: what davis2017-evaluation, StarDist's matching rule and HoVer-Net's aggregated Jaccard index say
of drawn objects.

Run with davis2017's folder in PYTHONPATH; a module cv2 whose dilate is scipy's does. The other two are written down here. Made with numpy
2.4.6, scipy 1.17.1 and scikit-image 0.26.0.
"""
import json
import os

import numpy as np
from scipy import ndimage as ndi
from scipy.optimize import linear_sum_assignment

from davis2017 import metrics

HERE = os.path.dirname(os.path.abspath(__file__))


def cells(seed, shape, sigma, share):
    field = ndi.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), sigma)
    return ndi.label(field > np.quantile(field, 1 - share))[0]


def pairs():
    zero = np.zeros((5, 6), int)
    one = zero.copy()
    one[1:3, 2:5] = 4
    yield "nothing", zero, zero
    yield "not found", one, zero
    yield "not there", zero, one
    yield "the same", one, one
    half = one.copy()
    half[1, :] = 0
    yield "half of it", one, half
    for seed in range(6):
        truth = cells(seed, (40, 50), 1.6, 0.4)
        found = cells(seed, (40, 50), 1.6 + 0.1 * seed, 0.34 + 0.02 * seed)
        yield f"cells {seed}", truth, found
    yield "others", cells(1, (30, 33), 1.5, 0.4), cells(2, (30, 33), 1.5, 0.4)
    yield "wide", cells(3, (40, 300), 3, 0.4), np.roll(cells(3, (40, 300), 3, 0.4), 1, 1)


def ious(truth, found):
    t, p = [n for n in np.unique(truth) if n], [n for n in np.unique(found) if n]
    inter = np.array([[np.sum((truth == a) & (found == b)) for b in p] for a in t]).reshape(len(t), len(p))
    union = np.array([[np.sum((truth == a) | (found == b)) for b in p] for a in t]).reshape(len(t), len(p))
    return t, p, inter, union


def matched(truth, found, threshold):
    t, p, inter, union = ious(truth, found)
    if not t or not p:
        return 0
    iou = inter / union
    rows, columns = linear_sum_assignment(-((iou >= threshold).astype(float) + iou / (2 * min(len(t), len(p)))))
    return int(np.sum(iou[rows, columns] >= threshold))


def jaccard(truth, found):
    t, p, inter, union = ious(truth, found)
    if not t and not p:
        return None
    used, i, u = set(), 0, 0
    for k, a in enumerate(t):
        j = int(np.argmax(inter[k] / union[k])) if p else -1
        if j >= 0 and inter[k, j]:
            used.add(j)
            i, u = i + inter[k, j], u + union[k, j]
        else:
            u += np.sum(truth == a)
    u += sum(np.sum(found == b) for j, b in enumerate(p) if j not in used)
    return float(i / u)


def entry(name, truth, found):
    a, b = truth > 0, found > 0
    return {
        "name": name, "truth": truth.tolist(), "predicted": found.tolist(), "jaccard": jaccard(truth, found),
        "matched": [matched(truth, found, k / 100) for k in (55, 65, 75, 90)],
        "j": float(metrics.db_eval_iou(a, b)), "f": float(metrics.db_eval_boundary(a, b)),
    }


if __name__ == "__main__":
    np.seterr(all="ignore")
    with open(os.path.join(HERE, "objects.json"), "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(entry(*p), separators=(",", ":")) for p in pairs()) + "\n]\n")
