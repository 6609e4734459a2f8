"""Makes regions.json and objects.json beside this file: what scikit-image and scipy measure of drawn masks.

Needs numpy, scipy and scikit-image (made with 2.4.6, 1.17.1 and 0.26.0).
"""
import json
import os

import numpy as np
from scipy import ndimage as ndi
from scipy.spatial import ConvexHull
from skimage import measure, morphology, segmentation

HERE = os.path.dirname(os.path.abspath(__file__))


def drawn(*rows):
    return np.array([[c == "#" for c in r] for r in rows])


def rows(mask):
    return ["".join("#" if v else "." for v in r) for r in mask]


def numbers(labels):
    """A character for each number: 0 is the one of code 48, and so on."""
    return ["".join(chr(48 + v) for v in r) for r in labels]


def disc(h, w, y, x, a, b=None, turn=0.0):
    yy, xx = np.mgrid[:h, :w]
    u = (xx - x) * np.cos(turn) + (yy - y) * np.sin(turn)
    v = (yy - y) * np.cos(turn) - (xx - x) * np.sin(turn)
    return (u / a) ** 2 + (v / (b or a)) ** 2 <= 1


def blobs(seed, h, w, sigma, share):
    field = ndi.gaussian_filter(np.random.default_rng(seed).standard_normal((h, w)), sigma)
    return field > np.quantile(field, 1 - share)


def masks():
    out = {
        "pixel": drawn("...", ".#.", "..."),
        "pixel alone": drawn("#"),
        "corner pixels": drawn("#..", ".#.", "..."),
        "two by two": drawn("....", ".##.", ".##.", "...."),
        "row": drawn(".......", ".#####.", "......."),
        "column at the border": drawn("#...", "#...", "#...", "#..."),
        "diagonal": drawn("#....", ".#...", "..#..", "...#.", "....#"),
        "steep": drawn("#....", "#....", ".#...", ".#...", "..#.."),
        "angle": drawn("......", ".#....", ".#....", ".####.", "......"),
        "cross": drawn("..#..", "..#..", "#####", "..#..", "..#.."),
        "ring": drawn("......", ".####.", ".#..#.", ".####.", "......"),
        "ring of corners": drawn(".....", "..#..", ".#.#.", "..#..", "....."),
        "two holes": drawn("########", "#..##..#", "#..##..#", "########"),
        "hole at a corner": drawn("#####", "##.##", "#.###", "#####"),
        "open hole": drawn("####", "#..#", "#...", "####"),
        "two parts": drawn("##....", "##....", "......", "....##", "....##"),
        "parts in rows far off": drawn("#.........", "..........", "..........", "..........", ".........#"),
        "full": np.ones((4, 7), bool),
        "checkered": np.indices((6, 7)).sum(0) % 2 == 0,
        "disc": disc(21, 23, 10, 11, 8.2),
        "ellipse": disc(31, 40, 15, 20, 15, 6, 0.5),
        "ellipse the other way": disc(40, 31, 20, 15, 17, 5, -0.7),
        "cut ellipse": disc(20, 30, 3, 25, 14, 8, 0.3),
        "ring of discs": disc(30, 30, 14, 15, 12) & ~disc(30, 30, 13, 16, 5),
    }
    for seed in range(8):
        out[f"blobs {seed}"] = blobs(seed, 24 + seed, 37 - 2 * seed, 1 + seed / 4, 0.3 + seed / 20)
    for seed in range(4):
        out[f"noise {seed}"] = np.random.default_rng(100 + seed).random((11 + seed, 13)) < 0.15 + 0.2 * seed
    return out


def intensities(shape):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.stack([(x * 7 + y * 13 + c * 31) % 256 for c in range(3)], -1).astype(np.float64)


def least_width(convex, spacing):
    points = np.vstack(measure.find_contours(np.pad(convex, 2).astype(float), 0.5)) * spacing
    points = points[ConvexHull(points).vertices]
    least = np.inf
    for a, b in zip(points, np.roll(points, -1, 0)):
        normal = np.array([b[1] - a[1], a[0] - b[0]]) / np.hypot(*(b - a))
        along = points @ normal
        least = min(least, along.max() - along.min())
    return least


def size(mask, spacing):
    r = measure.regionprops(mask.astype(np.uint8), spacing=spacing)[0]
    out = {
        "area": r.area, "centroidX": r.centroid[1], "centroidY": r.centroid[0], "eccentricity": r.eccentricity,
        "majorAxis": r.axis_major_length, "minorAxis": r.axis_minor_length, "orientation": r.orientation,
        "maxFeret": r.feret_diameter_max, "minFeret": least_width(r.image_convex, np.array(spacing)),
        "hullArea": r.area_convex, "solidity": r.solidity, "equivalentDiameter": r.equivalent_diameter_area,
    }
    if spacing[0] == spacing[1]:
        out["perimeter"] = r.perimeter
    return {k: float(v) for k, v in out.items()}


def region(name, mask):
    r = measure.regionprops(mask.astype(np.uint8), intensity_image=intensities(mask.shape))[0]
    holes = ndi.label(~np.pad(mask, 1))[1] - 1
    y0, x0, y1, x1 = r.bbox
    return {
        "name": name, "mask": rows(mask), "box": [x0, y0, x1 - x0, y1 - y0], "euler": int(r.euler_number),
        "holes": holes, "parts": int(measure.label(mask, connectivity=2).max()),
        "euler4": int(measure.euler_number(mask, 1)), "parts4": int(measure.label(mask, connectivity=1).max()),
        "border": bool(segmentation.clear_border(np.ones(mask.shape, int) * mask).sum() < mask.sum()),
        "pixels": size(mask, (1.0, 1.0)), "square": size(mask, (0.25, 0.25)), "oblong": size(mask, (0.7, 0.3)),
        "mean": r.intensity_mean.tolist(), "min": r.intensity_min.tolist(), "max": r.intensity_max.tolist(),
        "std": r.intensity_std.tolist(),
    }


def split(mask, connectivity, depth):
    near = ndi.generate_binary_structure(2, connectivity)
    far = ndi.distance_transform_edt(mask)
    floor = -1e9
    top = np.where(mask, far, floor)
    left = morphology.reconstruction(np.where(mask, far - depth, floor), top, footprint=near)
    markers = measure.label(morphology.local_maxima(left, connectivity=connectivity) & mask, connectivity=connectivity)
    return segmentation.watershed(-far, markers, connectivity=connectivity, mask=mask)


def objects():
    pictures = {
        "touching": disc(30, 44, 14, 12, 9) | disc(30, 44, 14, 27, 9) | disc(30, 44, 20, 38, 5),
        "four alike": disc(40, 40, 11, 11, 8.5) | disc(40, 40, 11, 27, 8.5) | disc(40, 40, 27, 11, 8.5)
        | disc(40, 40, 27, 27, 8.5),
        "empty": np.zeros((5, 6), bool),
        "one row": drawn("##.###.#...####"),
        "holes": drawn("#########", "#..#.#..#", "#.#####.#", "#...#...#", "####.####", "....#....", "###..####", "#.#..#..."),
    }
    for seed in range(4):
        pictures[f"blobs {seed}"] = blobs(seed + 20, 40, 50, 1.2 + 0.6 * seed, 0.5)
    out = []
    for name, mask in pictures.items():
        e = {"name": name, "mask": rows(mask)}
        for c in (1, 2):
            e[f"labels{4 * c}"] = numbers(measure.label(mask, connectivity=c))
            e[f"filled{4 * c}"] = rows(ndi.binary_fill_holes(mask, ndi.generate_binary_structure(2, 3 - c)))
            for depth in (0.5, 1.0):
                e[f"split{4 * c}-{depth}"] = numbers(split(mask, c, depth))
        for radius in (1, 2, 3):
            disk = morphology.disk(radius)
            e[f"opened{radius}"] = rows(morphology.opening(mask.astype(np.uint8), disk, mode="ignore") > 0)
            e[f"closed{radius}"] = rows(morphology.closing(mask.astype(np.uint8), disk, mode="ignore") > 0)
        if not mask.all():
            e["distance"] = numbers(np.rint(ndi.distance_transform_edt(mask) ** 2).astype(int))
        out.append(e)
    return out


def write(name, entries):
    with open(os.path.join(HERE, name), "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(e, separators=(",", ":")) for e in entries) + "\n]\n")


if __name__ == "__main__":
    write("regions.json", [region(n, m) for n, m in masks().items()])
    write("objects.json", objects())
