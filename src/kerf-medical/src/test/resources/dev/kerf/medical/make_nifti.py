"""Draws the NIfTI files of these tests and writes down what nibabel, scikit-image and surface-distance say of them.

Run with google-deepmind/surface-distance's folder in PYTHONPATH (scipy's old names ndimage.filters and ndimage.morphology replaced)."""
import gzip
import json
import pathlib

import nibabel as nib
import numpy as np
from skimage.measure import label, regionprops
from surface_distance import metrics

HERE = pathlib.Path(__file__).parent / "nifti"


def drawn(shape):
    """Two balls and a ramp, from -200 to 1000 or so."""
    i, j, k = np.meshgrid(*map(np.arange, shape), indexing="ij")
    out = -200.0 + 3 * i + 5 * j + 7 * k
    out[(i - 4) ** 2 + (j - 4) ** 2 + (2 * (k - 2)) ** 2 <= 9] = 400
    out[(i - 11) ** 2 + (j - 7) ** 2 + (2 * (k - 4)) ** 2 <= 12] = 1000
    return out


ROTATED = nib.affines.from_matvec(
    nib.eulerangles.euler2mat(0.3, -0.2, 0.1) @ np.diag([0.75, 0.8, 2.5]), [-90.5, 12.25, 40])
FLIPPED = nib.affines.from_matvec(np.diag([-0.75, 0.8, 2.5]), [50, -20, 3])


def image(data, affine=ROTATED, two=False, order="<", slope=None, units="mm", sform=1, qform=1):
    kind = nib.Nifti2Image if two else nib.Nifti1Image
    header = (nib.Nifti2Header if two else nib.Nifti1Header)(endianness=order)
    header.set_data_dtype(data.dtype.newbyteorder(order))
    out = kind(data, None, header)
    out.header.set_data_shape(data.shape)
    out.header.set_zooms(list(nib.affines.voxel_sizes(affine)) + [1.5] * (data.ndim - 3))
    out.set_qform(affine if qform else None, code=qform)
    out.set_sform(affine if sform else None, code=sform)
    out.header.set_xyzt_units(units, "sec")
    out.header["descrip"] = b"drawn for a test"
    if slope:
        out.header.set_slope_inter(*slope)
    return out


def save(out, name):
    path = HERE / name
    nib.save(out, path)
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), mtime=0))


def say(name):
    got = nib.load(HERE / name)
    data = got.get_fdata(dtype=np.float64)
    frames = data.reshape(*data.shape[:3], -1)
    head = got.header
    factor = {"meter": 1000, "micron": 1e-3}.get(head.get_xyzt_units()[0], 1)
    affine = got.affine.copy()
    affine[:3] *= factor
    return {
        "shape": list(frames.shape), "zooms": [float(z) * factor for z in head.get_zooms()[:3]],
        "affine": affine[:3].ravel().tolist() if head["sform_code"] > 0 or head["qform_code"] > 0 else None,
        "x": frames.mean(axis=(1, 2)).T.ravel().tolist(), "y": frames.mean(axis=(0, 2)).T.ravel().tolist(),
        "z": frames.mean(axis=(0, 1)).T.ravel().tolist(),
        "corner": float(frames[-1, 1, 2, -1]), "min": float(data.min()), "max": float(data.max()),
    }


def main():
    HERE.mkdir(exist_ok=True)
    shape = (16, 12, 7)
    base = drawn(shape)
    names = []

    def add(out, name):
        save(out, name)
        names.append(name)

    for kind in "u1 i1 i2 u2 i4 u4 f4 f8 i8 u8".split():
        dtype = np.dtype(kind)
        values = base / 8 if dtype.itemsize == 1 else base * (1 if dtype.kind != "f" else 1.1)
        if dtype.kind == "u":
            values = values - values.min()
        if dtype.itemsize == 8 and dtype.kind != "f":
            values = values * 2.0 ** 40
        for order in "<>":
            two = (dtype.itemsize + (order == ">")) % 2 == 0
            add(image(np.round(values).astype(dtype) if dtype.kind != "f" else values.astype(dtype), two=two, order=order),
                f"{kind}-{'le' if order == '<' else 'be'}.nii.gz")
    short = np.round(base).astype(np.int16)
    scaled = image(short, slope=None)
    scaled.header.set_slope_inter(0.5, -1024)
    raw = nib.Nifti1Image(short, ROTATED, scaled.header)
    raw.header.set_slope_inter(0.5, -1024)
    add(raw, "scaled.nii.gz")
    add(image(short, affine=FLIPPED, sform=0, order=">"), "qform.nii")
    add(image(short, sform=0, qform=0), "nowhere.nii.gz")
    add(image(short, units="micron"), "micron.nii.gz")
    add(image(np.stack([short, short + 100, short * 2], axis=3).astype(np.int16)), "four.nii.gz")
    nib.save(nib.Nifti1Pair(short, ROTATED, image(short).header), HERE / "pair.img")
    names.append("pair.hdr")
    labels = np.zeros(shape, np.uint8)
    labels[base == 400] = 1
    labels[base == 1000] = 2
    labels[0, 0, 0] = 2
    labels[1, 1, 1] = 2
    labels[14:, 1:3, 5:] = 1
    save(image(labels), "labels.nii.gz")
    worse = np.roll(labels, 1, axis=0)
    worse[:, :, 6] = 0
    save(image(worse), "worse.nii.gz")
    volume = float(np.prod(nib.load(HERE / "labels.nii.gz").header.get_zooms()))
    place = nib.load(HERE / "labels.nii.gz").affine
    objects = []
    for connectivity, number in ((1, 6), (3, 26), (None, 0)):
        for c in (1, 2):
            parts = label(labels == c, connectivity=connectivity) if connectivity else (labels == c).astype(int)
            for r in sorted(regionprops(parts, intensity_image=base), key=lambda r: (-r.area, r.bbox[2], r.bbox[1], r.bbox[0])):
                objects.append({
                    "connectivity": number, "label": c, "voxels": int(r.area), "volume": r.area * volume,
                    "centroid": list(map(float, r.centroid)), "first": [int(v) for v in r.bbox[:3]],
                    "extent": [int(r.bbox[d + 3] - r.bbox[d]) for d in range(3)],
                    "diameter": float(r.equivalent_diameter_area) * volume ** (1 / 3),
                    "patient": (nib.affines.apply_affine(place, r.centroid)).tolist(),
                    "mean": float(r.intensity_mean), "min": float(r.intensity_min), "max": float(r.intensity_max),
                    "std": float(r.intensity_std)})
    spacing = [float(z) for z in nib.load(HERE / "labels.nii.gz").header.get_zooms()]
    agreement = []
    for c in range(3):
        a, b = labels == c, worse == c
        d = metrics.compute_surface_distances(a, b, spacing)
        agreement.append({
            "dice": 2 * float((a & b).sum()) / float(a.sum() + b.sum()), "iou": float((a & b).sum()) / float((a | b).sum()),
            "hausdorff": metrics.compute_robust_hausdorff(d, 100), "hausdorff95": metrics.compute_robust_hausdorff(d, 95),
            "surfaceDice": metrics.compute_surface_dice_at_tolerance(d, 1.0)})
    figures = {"files": {n: say(n) for n in names}, "objects": objects, "agreement": agreement}
    (HERE / "figures.json").write_text(json.dumps(figures))


main()
