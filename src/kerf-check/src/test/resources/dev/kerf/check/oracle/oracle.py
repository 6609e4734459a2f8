"""Writes oracle.safetensors: what PyTorch computes for the cases of OracleTorchTest.

Float64, but for resizing, whose sampling positions are defined in float32. Run: python oracle.py OUT
"""
import json
import struct
import sys

import torch
import torch.nn.functional as F

torch.manual_seed(20261123)
t = {}


def case(name, y, *operands):
    for i, x in enumerate(operands):
        t[f"{name}.{i}"] = x.float().contiguous()
    t[f"{name}.y"] = y.contiguous()


def save(tensors, path):
    header, data = {}, b""
    for name, x in tensors.items():
        raw = x.numpy().tobytes()
        header[name] = {"dtype": {torch.float32: "F32", torch.float64: "F64"}[x.dtype], "shape": list(x.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def randn(*shape):
    return torch.randn(*shape).double()


x, w, b = randn(2, 6, 9, 11), randn(4, 3, 3, 2), randn(4)
x, w, b = x.float().double(), w.float().double(), b.float().double()
case("conv2d", F.conv2d(x, w, b, stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2), x, w, b)
x, w, b = (randn(2, 6, 5, 4).float().double(), randn(6, 2, 3, 3).float().double(), randn(4).float().double())
case("conv_transpose2d", F.conv_transpose2d(x, w, b, stride=(2, 3), padding=(1, 0), output_padding=(1, 2), groups=2,
                                            dilation=(2, 1)), x, w, b)
x = randn(1, 2, 10, 13).float().double()
case("max_pool2d", F.max_pool2d(x, (3, 2), stride=(2, 3), padding=(1, 1), ceil_mode=True), x)
case("max_pool2d_dilated", F.max_pool2d(x, 3, stride=2, dilation=2), x)
case("avg_pool2d", F.avg_pool2d(x, (3, 2), stride=(2, 3), padding=(1, 1), ceil_mode=True), x)
case("avg_pool2d_inside", F.avg_pool2d(x, 3, stride=2, padding=1, ceil_mode=True, count_include_pad=False), x)

x = torch.randn(1, 2, 11, 7)
for name, size, options in [
    ("nearest", (17, 3), dict(mode="nearest")),
    ("nearest_exact", (5, 13), dict(mode="nearest-exact")),
    ("bilinear", (23, 5), dict(mode="bilinear")),
    ("bilinear_corners", (8, 20), dict(mode="bilinear", align_corners=True)),
    ("bicubic", (19, 4), dict(mode="bicubic")),
    ("bicubic_corners", (5, 16), dict(mode="bicubic", align_corners=True)),
    ("bilinear_aa", (4, 3), dict(mode="bilinear", antialias=True)),
    ("bilinear_aa_mixed", (16, 4), dict(mode="bilinear", antialias=True)),
    ("bicubic_aa", (4, 3), dict(mode="bicubic", antialias=True)),
    ("bicubic_aa_mixed", (3, 9), dict(mode="bicubic", antialias=True)),
]:
    case("resize_" + name, F.interpolate(x, size=size, **options), x)
case("resize_scale", F.interpolate(x, scale_factor=(1.7, 2.3), mode="bilinear", recompute_scale_factor=False), x)

x = randn(2, 6, 5).float().double()
w, b = randn(6).float().double(), randn(6).float().double()
case("group_norm", F.group_norm(x, 3, w, b, 1e-5), x, w, b)
m, v = randn(6).float().double(), randn(6).float().double().abs()
case("batch_norm", F.batch_norm(x, m, v, w, b, eps=1e-3), x, w, b, m, v)
x = randn(4, 5, 6).float().double()
case("layer_norm", F.layer_norm(x, (6,), w, b, 1e-6), x, w, b)
case("softmax", F.softmax(x, 1), x)
q, k, v = randn(2, 3, 5, 4).float().double(), randn(2, 3, 7, 4).float().double(), randn(2, 3, 7, 6).float().double()
bias = randn(2, 1, 5, 7).float().double()
case("attention", F.scaled_dot_product_attention(q, k, v, attn_mask=bias), q, k, v, bias)
a, b = randn(3, 1, 4, 5).float().double(), randn(2, 6, 5).float().double()
case("mat_mul", a @ b.transpose(-1, -2), a, b)
x = torch.cat([torch.linspace(-14, 14, 57), torch.tensor([0.5, 1.5, 2.5, -0.5, 1e-6])]).double().float().double()
for name, f in dict(gelu_erf=F.gelu, gelu_tanh=lambda x: F.gelu(x, approximate="tanh"), sigmoid=torch.sigmoid,
                    silu=F.silu, tanh=torch.tanh, round_half_even=torch.round, hard_swish=F.hardswish,
                    relu6=F.relu6).items():
    case(name, f(x), x)
x = randn(1, 2, 5, 6).float().double()
case("pad_reflect", F.pad(x, (3, 2, 1, 4), mode="reflect"), x)
case("pad_replicate", F.pad(x, (3, 2, 1, 7), mode="replicate"), x)
save(t, sys.argv[1])
