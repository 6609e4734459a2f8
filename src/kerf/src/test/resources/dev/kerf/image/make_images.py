"""Draws the image files of the tests and, beside each, what other readers make of it (Pillow 12.3, tifffile 2026.3)."""
import io
import itertools
import struct
import zlib
import numpy as np
import tifffile
from PIL import Image, ImageOps


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
    samples = np.asarray(samples)
    samples = samples[..., None] if samples.ndim == 2 else samples
    height, width, channels = samples.shape
    numbers = " ".join(str(int(v)) for v in samples.ravel())
    LINES.append(f"{name} {kind} {width} {height} {channels} {bits} {numbers}")


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
# Stacks: kind "2" is page 2 from 0, "1:3,2,1" are those channels from 1 of picture 1.
stack = rng.integers(0, 65536, (2, 3, H, W)).astype("u2")
tifffile.imwrite("imagej.tif", stack, imagej=True, metadata={"axes": "ZCYX"})
tifffile.imwrite("hyperstack.tif", stack, imagej=True, metadata={"axes": "ZCYX"}, contiguous=True)
data = bytearray(open("imagej.tif", "rb").read())
with tifffile.TiffFile("imagej.tif") as file:
    # As ImageJ writes more than 4 GiB: the first directory alone says where all of them are.
    order = file.byteorder
    at = file.pages[0].offset
    entries = struct.unpack_from(order + "H", data, at)[0]
    assert file.pages[1].dataoffsets[0] - file.pages[0].dataoffsets[0] == H * W * 2
struct.pack_into(order + "I", data, at + 2 + 12 * entries, 0)
open("hyperstack.tif", "wb").write(data)
tifffile.imwrite("ome.tif", stack, metadata={"axes": "ZCYX"}, ome=True, compression="lzw")
tifffile.imwrite("omeczt.tif", np.moveaxis(stack, 1, 0).copy(), metadata={"axes": "CZYX"}, ome=True)
for name in ("imagej", "hyperstack", "ome", "omeczt"):
    pages = stack.reshape(6, H, W) if name != "omeczt" else np.moveaxis(stack, 1, 0).reshape(6, H, W)
    listed(name + ".tif", "0", pages[0], 16)
    listed(name + ".tif", "4", pages[4], 16)
    listed(name + ".tif", "1:3,2,1", np.moveaxis(stack[1, [2, 1, 0]], 0, -1), 16)
    listed(name + ".tif", "1:2", stack[1, 1], 16)
five = rng.integers(0, 256, (H, W, 5)).astype("u1")
tifffile.imwrite("five.tif", five, photometric="minisblack", planarconfig="contig")
tifffile.imwrite("fiveplanes.tif", np.moveaxis(five, -1, 0).copy(), photometric="minisblack", planarconfig="separate")
for name in ("five", "fiveplanes"):
    listed(name + ".tif", "0:5,1,3", five[..., [4, 0, 2]], 8)
    listed(name + ".tif", "0:4", five[..., 3], 8)
y, x = np.mgrid[:11, :90]
spots = Image.fromarray((255 * (((x - 30) ** 2 + (y - 5) ** 2 > 20) & (x % 37 > 0) & (x + 3 * y < 95))).astype("u1")).convert("1")
for packing, options in (("tiff_ccitt", {}), ("group3", {}), ("group3", {292: 1}), ("group4", {})):
    name = packing + ("mixed" if options else "") + ".tif"
    spots.save(name, compression=packing, tiffinfo=options)
    listed(name, "pixels", np.asarray(Image.open(name).convert("L")), 8)
with open("tiff.txt", "w") as out:
    out.write("\n".join(LINES) + "\n")


# PNG, GIF and BMP, of each what Pillow sees.
OTHERS = []


def other(name, data):
    open(name, "wb").write(data)
    seen = ImageOps.exif_transpose(Image.open(name))
    alpha = seen.mode in ("RGBA", "LA") or "transparency" in seen.info
    Image.fromarray(np.asarray(seen.convert("RGBA" if alpha else "RGB"))).save(name + ".png", optimize=True)
    OTHERS.append(name)


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return bytearray(out.getvalue())


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def exif(order, orientation, wide):
    """A directory of one tag, a SHORT or a LONG."""
    count = struct.pack(order + "HIHIHI", 42, 8, 1, 0, 0, 0)[:8]
    value = struct.pack(order + "I", orientation) if wide else struct.pack(order + "HH", orientation, 0)
    return (b"II" if order == "<" else b"MM") + count + struct.pack(order + "HHI", 0x112, 4 if wide else 3, 1) + value + bytes(4)


colours = Image.fromarray(drawn(6, 4))
for orientation in range(1, 9):
    plain = saved(colours if orientation % 2 else colours.quantize(5), "PNG")
    turned = chunk(b"eXIf", exif("<>"[orientation % 2], orientation, orientation in (3, 6)))
    for place, label in ((b"IDAT", "before"), (b"IEND", "after")):
        at = plain.index(place) - 4
        other(f"turned{orientation}{label}.png", bytes(plain[:at] + turned + plain[at:]))
four = saved(colours.quantize(4), "PNG", transparency=bytes([0, 128, 255, 7]))
at = four.index(b"tRNS") - 4
other("longtrns.png", bytes(four[:at] + chunk(b"tRNS", bytes([0, 128, 255, 7, 9, 9])) + four[at + 12 + 4:]))
for label, width, height, left, top, options in (("larger", 9, 8, 0, 0, {}), ("offset", 12, 9, 3, 2, {}),
                                                 ("smaller", 4, 3, 0, 0, {}), ("clear", 10, 7, 1, 2, {"transparency": 1})):
    gif = saved(colours.quantize(4), "GIF", interlace=label == "offset", **options)
    gif[6], gif[8] = width, height
    at = gif.index(b"\x2c\0\0\0\0")
    gif[at + 1], gif[at + 3] = left, top
    other(f"screen{label}.gif", bytes(gif))
for mode in ("1", "L", "P", "RGB", "RGBA"):
    other(f"mode{mode}.bmp", bytes(saved(colours.convert(mode), "BMP")))


def bmp(name, bits, packing, masks, palette, data, down=False):
    """As bytes: file header, bitmap header of 40 or, with four masks, 108 bytes, masks, palette, rows."""
    rest = struct.pack(f"<{len(masks)}I", *masks) + (bytes(52) if len(masks) == 4 else b"") + palette
    head = struct.pack("<IiiHHIIiiII", 108 if len(masks) == 4 else 40, 6, -4 if down else 4, 1, bits, packing, 0, 0, 0, 0, 0)
    other(name, b"BM" + struct.pack("<IHHI", 54 + len(rest) + len(data), 0, 0, 54 + len(rest)) + head + rest + data)


rng = np.random.default_rng(8)
sixteen = b"".join(struct.pack("<H", r << 11 | g << 5 | b) for r, g, b in
                   zip(rng.choice([0, 31], 24), rng.choice([0, 63], 24), rng.choice([0, 31], 24)))
bmp("masks565.bmp", 16, 3, [0xF800, 0x7E0, 0x1F], b"", sixteen)
bmp("masksalpha.bmp", 32, 3, [0xFF0000, 0xFF00, 0xFF, 0xFF000000], b"", rng.bytes(96))
bmp("down.bmp", 24, 0, [], b"", b"".join(rng.bytes(18) + bytes(2) for _ in range(4)), down=True)
table = b"".join(bytes([i * 7 % 256, i * 13 % 256, i * 29 % 256, 0]) for i in range(256))
rows = b"".join(bytes([2, 9 + y, 0, 3, 4, 5, 6, 0, 1, 77, 0, 0]) for y in range(4))
bmp("runs8.bmp", 8, 1, [], table, rows + b"\0\1")
rows = b"".join(bytes([2, 0x12 + y, 0, 4, 0x34, 0x56, 0, 0]) for y in range(4))
bmp("runs4.bmp", 4, 2, [], table[:64], rows + b"\0\1")
open("others.txt", "w").write("\n".join(OTHERS) + "\n")

# The same picture as PNG and as formats that plug-ins read, lossless.
y, x = np.mgrid[:23, :31]
drawn = np.stack([x * 8 % 256, y * 11 % 256, np.where((x - 15) ** 2 + (y - 11) ** 2 < 60, 240, x * y % 200)], -1).astype(np.uint8)
Image.fromarray(drawn).save("drawn.png")
Image.fromarray(drawn).save("drawn.webp", lossless=True)
Image.fromarray(drawn).save("drawn.jp2", irreversible=False)
