"""Draws the image files of the tests and, beside each, what other readers make of it (Pillow 12.3, tifffile 2026.3)."""
import io
import numpy as np
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
