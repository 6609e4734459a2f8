"""Draws the rasters of the tests and says what numpy and tifffile read of them: python make_rasters.py

A field of 40 x 24 pixels of a few bands, drawn by formulas, is stored in each way that rasters are; figures.txt has a line a file: name,
width, height, bands, type, and for each of four windows x, y, w, h and the sum of each band's numbers there, weighted by place.
"""
import os
import sys

import numpy as np
import tifffile

HERE = os.path.dirname(os.path.abspath(__file__))
W, H = 40, 24
WINDOWS = [(0, 0, 40, 24), (3, 5, 17, 11), (14, 13, 26, 11), (39, 23, 1, 1)]
ZONE = (33550, 'd', 3, (10.0, 10.0, 0.0), True)
TIE = (33922, 'd', 6, (0.0, 0.0, 0.0, 500000.0, 4649800.0, 0.0), True)
KEYS = (34735, 'H', 24, (1, 1, 0, 5, 1024, 0, 1, 1, 1025, 0, 1, 1, 1026, 34737, 8, 0, 3072, 0, 1, 32633, 3076, 0, 1, 9001), True)
ASCII = (34737, 's', 0, 'a field|', True)
GEO = [ZONE, TIE, KEYS, ASCII]


def field(dtype, bands):
    y, x, b = np.mgrid[0:H, 0:W, 0:bands]
    v = np.sin(x / 9.0 + b) * np.cos(y / 7.0 - b) * 0.5 + 0.5
    if np.dtype(dtype).kind == 'f':
        return (v * 3 - 1).astype(dtype)
    info = np.iinfo(dtype)
    return np.floor(info.min + v * (min(info.max, 60000) - info.min)).astype(dtype)


def sums(a, x, y, w, h):
    """Weights tell places apart; float64 keeps the sums of these small windows exact enough to compare to 1e-12."""
    part = a[y:y + h, x:x + w].astype(np.float64)
    weight = 1 + (np.arange(h)[:, None] * 7 + np.arange(w)[None, :] * 3) % 11
    return [(part[:, :, b] * weight).sum() for b in range(a.shape[2])]


lines = []


def save(name, a, extra=(), **how):
    path = os.path.join(HERE, name)
    data = np.moveaxis(a, 2, 0) if how.get('planarconfig') == 'separate' else a if a.shape[2] > 1 else a[:, :, 0]
    how.setdefault('photometric', 'minisblack')
    if a.shape[2] > 1:
        how.setdefault('planarconfig', 'contig')
    tifffile.imwrite(path, data, extratags=list(GEO) + list(extra), metadata=None, **how)
    figures(name)


def figures(name):
    read = tifffile.imread(os.path.join(HERE, name), key=0)
    with tifffile.TiffFile(os.path.join(HERE, name)) as f:
        page = f.pages[0]
        separate = page.planarconfig == 2 and page.samplesperpixel > 1
        kind = page.dtype
    read = read[:, :, None] if read.ndim == 2 else np.moveaxis(read, 0, 2) if separate else read
    words = [name, read.shape[1], read.shape[0], read.shape[2], kind]
    for x, y, w, h in WINDOWS:
        words += [x, y, w, h] + ['%.17g' % s for s in sums(read, x, y, w, h)]
    lines.append(' '.join(str(v) for v in words))


for big in (False, True):
    n = 'big' if big else 'classic'
    for order in '<>':
        o = 'le' if order == '<' else 'be'
        how = dict(bigtiff=big, byteorder=order)
        save(f'{n}-{o}-strips.tif', field('u2', 3), rowsperstrip=7, **how)
        save(f'{n}-{o}-tiles-lzw2.tif', field('i2', 2), tile=(16, 32), compression='lzw', predictor=2, **how)
        save(f'{n}-{o}-float3.tif', field('f4', 3), tile=(32, 16), compression='zlib', predictor=3, **how)
for i, (dtype, compression, predictor) in enumerate([
        ('u1', None, None), ('u1', 'zlib', 2), ('u4', 'lzw', 2), ('i4', 'zlib', 2), ('f2', 'zlib', 3), ('f8', 'lzw', 3),
        ('u1', 'packbits', None), ('i1', 'lzw', None)]):
    for planar in ('contig', 'separate'):
        save(f'{dtype}-{compression}-{planar}.tif'.lower(), field(dtype, 3), tile=(16, 16), compression=compression,
             predictor=predictor, planarconfig=planar)
save('adobe-strips.tif', field('u1', 3), compression='adobe_deflate', rowsperstrip=9, photometric='rgb')
rgb = field('u1', 3)
save('jpeg.tif', rgb, tile=(32, 32), compression='jpeg', compressionargs={'level': 90}, photometric='rgb')
save('ycbcr.tif', rgb, tile=(32, 32), compression='jpeg', compressionargs={'level': 90}, photometric='ycbcr', subsampling=(2, 2))
gaps = field('i2', 1)
gaps[6:20, 12:30] = -9999
save('gaps.tif', gaps, [(42113, 's', 0, '-9999', True)], tile=(16, 16), compression='zlib')

# Overviews as GDAL puts them behind the picture, and as OME puts them into SubIFDs; slides have tiled pages of other sizes.
full = field('u1', 3)
for name, sub in (('overviews.tif', False), ('subifds.tif', True)):
    with tifffile.TiffWriter(os.path.join(HERE, name)) as f:
        f.write(full, tile=(16, 16), photometric='rgb', extratags=GEO, metadata=None, subifds=2 if sub else None)
        for k in (2, 4):
            f.write(np.ascontiguousarray(full[::k, ::k]), tile=(16, 16), photometric='rgb', metadata=None, subfiletype=1)
    figures(name)
# A mask as GDAL makes it for JPEG, and overviews in a file beside it.
y, x = np.mgrid[0:H, 0:W]
mask = (x + y > 12).astype(np.uint8) * 255
with tifffile.TiffWriter(os.path.join(HERE, 'masked.tif')) as f:
    f.write(full, tile=(16, 16), photometric='rgb', extratags=GEO, metadata=None)
    f.write(mask, tile=(16, 16), compression='zlib', metadata=None, subfiletype=1)
with tifffile.TiffWriter(os.path.join(HERE, 'masked.tif.ovr')) as f:
    f.write(np.ascontiguousarray(full[::2, ::2]), tile=(16, 16), photometric='rgb', metadata=None, subfiletype=1)
    f.write(np.ascontiguousarray(mask[::2, ::2]), tile=(16, 16), metadata=None, subfiletype=1)
for name, kind in (('masked.tif', 4), ('masked.tif.ovr', 5)):
    with tifffile.TiffFile(os.path.join(HERE, name), mode='r+b') as f:
        f.pages[1].tags[254].overwrite(kind)
with tifffile.TiffWriter(os.path.join(HERE, 'slide.svs.tif')) as f:
    how = dict(photometric='rgb', metadata=None)
    f.write(full, tile=(16, 16), description='Aperio Image Library v11.2.1\r\n40x24|AppMag = 20|MPP = 0.5', **how)
    f.write(np.ascontiguousarray(full[::5, ::5]), rowsperstrip=8, **how)
    f.write(np.ascontiguousarray(full[::2, ::2]), tile=(16, 16), **how)
    f.write(np.ascontiguousarray(full[:20, :9]), rowsperstrip=20, subfiletype=1, **how)
    f.write(np.ascontiguousarray(full[:8, :30]), rowsperstrip=8, subfiletype=9, **how)
figures('slide.svs.tif')
with open(os.path.join(HERE, 'figures.txt'), 'w') as f:
    f.write('\n'.join(lines) + '\n')
print(len(lines), 'files', file=sys.stderr)
