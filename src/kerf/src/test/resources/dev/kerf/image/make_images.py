"""Draws the image files of the tests and, beside each, what other readers make of it (Pillow 12.3, tifffile 2026.3)."""
import io
import itertools
import numpy as np
import tifffile
from PIL import Image


def drawn(width, height, bands=3):
    rng = np.random.default_rng(width * 100 + height)
    coarse = rng.integers(0, 256, (height // 4 + 2, width // 4 + 2, bands), dtype=np.uint8)
    planes = [np.asarray(Image.fromarray(coarse[..., b]).resize((width, height), Image.BICUBIC)) for b in range(bands)]
    return np.stack(planes, -1)


def jpeg(name, data):
    open(name + ".jpg", "wb").write(data)
    Image.open(io.BytesIO(data)).convert("RGB").save(name + ".jpg.png", optimize=True)


def encoded(pixels, mode=None, **options):
    out = io.BytesIO()
    (Image.fromarray(pixels) if mode is None else Image.frombytes(mode, pixels.shape[1::-1], pixels.tobytes())).save(
        out, "JPEG", **options)
    return out.getvalue()


def sampled(data, h, v):
    """The same blocks taken as a luma component of other sampling factors: what 4:4:0 and 4:1:1 look like."""
    at = data.index(b"\xff\xc0") + 11
    return data[:at] + bytes([h << 4 | v]) + data[at + 1:]


for sub, label in enumerate(["444", "422", "420"]):
    jpeg("sub" + label, encoded(drawn(35, 21), subsampling=sub, quality=80))
    jpeg("progressive" + label, encoded(drawn(21, 35), subsampling=sub, quality=90, progressive=True))
jpeg("restarts", encoded(drawn(35, 21), subsampling=2, quality=60, restart_marker_blocks=2))
jpeg("narrow", encoded(drawn(3, 9), subsampling=2, quality=90))
# Sixteen rows of 4:2:2 blocks, two of luma a unit, read as 4:4:0.
tall = sampled(encoded(drawn(32, 16), subsampling=1, quality=80), 1, 2)
jpeg("sub440", tall)
inks = drawn(24, 16, 4)
jpeg("cmyk", encoded(inks, "CMYK", quality=90))
# Adobe's transform 2: the inverted inks as luma and chroma. Pillow writes inks inverted with transform 0.
ycck = inks.copy()
rgb = Image.fromarray(inks[..., :3])
ycck[..., :3] = 255 - np.asarray(rgb.convert("YCbCr"))
data = bytearray(encoded(ycck, "CMYK", quality=90))
data[data.index(b"Adobe") + 11] = 2
jpeg("ycck", bytes(data))


# TIFF: for each file a line with its name, "labels" or "pixels", width, height, channels, bits and all samples.
LINES = []
W, H = 7, 5


def listed(name, kind, samples, bits):
    samples = np.asarray(samples).reshape(H, W, -1)
    numbers = " ".join(str(int(v)) for v in samples.ravel())
    LINES.append(f"{name} {kind} {W} {H} {samples.shape[-1]} {bits} {numbers}")


def ranged(a):
    """Whole numbers of 0 to 65535 stay, floats of 0 to 1 are scaled to that, all else is stretched to it."""
    b, low, high = a.astype(np.float64), float(a.min()), float(a.max())
    if a.dtype.kind != "f" and low >= 0 and high <= 65535:
        return b
    if a.dtype.kind == "f" and low >= 0 and high <= 1:
        low, high = 0, 1
    return np.floor((b - low) * (65535 / (high - low)) + 0.5)


def tiff(name, a, kind="pixels", expected=None, bits=None, **options):
    options.setdefault("photometric", "minisblack" if a.ndim == 2 else "rgb")
    tifffile.imwrite(name + ".tif", a, software=False, metadata=None, **options)
    back = tifffile.imread(name + ".tif")
    back = np.moveaxis(back, 0, -1) if options.get("planarconfig") == "separate" else back
    assert (back == (np.moveaxis(a, 0, -1) if options.get("planarconfig") == "separate" else a)).all()
    plain = a.dtype in (np.uint8, np.uint16)
    listed(name + ".tif", kind, expected if expected is not None else back if plain or kind == "labels" else ranged(back),
           bits or (8 if a.dtype.itemsize == 1 and plain else 16))


rng = np.random.default_rng(3)
for i, (order, packing, separate, tiles) in enumerate(itertools.product("<>", ["none", "lzw", "deflate", "packbits"],
                                                                      [False, True], [False, True])):
    dtype = ["u1", "u2"][(i ^ i >> 2) & 1]
    a = rng.integers(0, 256 if dtype == "u1" else 65536, (H, W, 3)).astype(dtype)
    tiff(f"rgb{i}", np.moveaxis(a, -1, 0).copy() if separate else a, byteorder=order, bigtiff=i % 3 == 0,
         compression=None if packing == "none" else packing, planarconfig="separate" if separate else "contig",
         predictor=packing in ("lzw", "deflate") and i % 5 != 0, **({"tile": (16, 16)} if tiles else {"rowsperstrip": 2}))
for order, dtype, packing in itertools.product("<>", ["i1", "i2", "i4", "u4", "f2", "f4", "f8"], [None, "lzw"]):
    if dtype[0] == "f":
        a = (rng.random((H, W)) * (1 if packing else 300) - (0 if packing else 50)).astype(dtype)
    else:
        low, high = (0, 100) if packing else (max(-2**31, np.iinfo(dtype).min), np.iinfo(dtype).max)
        a = rng.integers(low, high, (H, W)).astype(dtype)
    tiff(f"{dtype}{'big' if order == '>' else 'little'}{packing or ''}", a, byteorder=order, compression=packing,
         predictor=packing is not None)
for bits in (1, 2, 4, 10, 12, 14):
    a = rng.integers(0, 2**bits, (H, W)).astype("u1" if bits < 9 else "u2")
    top = 2**bits - 1
    wide = (a.astype(int) * (255 if bits < 9 else 65535) + top // 2) // top
    tiff(f"bits{bits}", a, bitspersample=bits, expected=wide)
    listed(f"bits{bits}.tif", "labels", a, 8 if bits < 9 else 16)
tiff("labels32", rng.integers(0, 3000, (H, W)).astype("i4"), "labels", compression="deflate")
tiff("labelsfloat", rng.integers(0, 3000, (H, W)).astype("f4"), "labels", compression="deflate", predictor=True)
straight = rng.integers(0, 256, (H, W, 4)).astype("u1")
tiff("alpha", straight, extrasamples=["unassalpha"])
pre = straight.copy()
pre[..., :3] = pre[..., :3].astype(int) * pre[..., 3:] // 255
back = (pre[..., :3].astype(int) * 255 + pre[..., 3:] // 2) // np.maximum(1, pre[..., 3:])
tiff("premultiplied", pre, extrasamples=["assocalpha"], expected=np.concatenate([np.minimum(255, back), pre[..., 3:]], -1))
for packing in ("jpeg", "packbits"):
    Image.fromarray(drawn(W, H)).save(f"pillow{packing}.tif", compression=packing)
    listed(f"pillow{packing}.tif", "pixels", np.asarray(Image.open(f"pillow{packing}.tif").convert("RGB")), 8)
Image.fromarray(drawn(W, H)).quantize(11).save("palette.tif")
listed("palette.tif", "pixels", np.asarray(Image.open("palette.tif").convert("RGB")), 8)
listed("palette.tif", "labels", np.asarray(Image.open("palette.tif")), 8)
tifffile.imwrite("jpegtables.tif", drawn(W, H), compression="jpeg", tile=(16, 16), photometric="ycbcr", subsampling=(2, 2),
                 software=False, metadata=None)
listed("jpegtables.tif", "pixels", tifffile.imread("jpegtables.tif"), 8)
with open("tiff.txt", "w") as out:
    out.write("\n".join(LINES) + "\n")
