"""Makes a golden case of U2-Net, U2-Netp or IS-Net: make.py u2net|u2netp|isnet OUT

The networks are written down here from their papers, with the names and extents of the official checkpoints (xuebinqin/U-2-Net
ac7e1c8, xuebinqin/DIS b6764e2). Writes case.json, weights.json, weights-stored.safetensors and expected.safetensors to OUT for the
picture of ../unet-quick. Needs torch and Pillow.

With a third argument, "whole", also OUT/whole.onnx and OUT/net.pth; with "bare" OUT/bare.onnx, whose weights are external data in
weights.bin, to be made of weights.json in its order. Both are what torch exports for pictures of that size; they need onnx.
"""
import json, math, os, struct, sys

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

FULL = (32, 32, 64, 128, 256, 256, 256, 128, 64, 32, 16), (64, 128, 256, 512, 512, 512, 512, 256, 128, 64, 64)
SMALL = (16,) * 11, (64,) * 11
LEVELS = 7, 6, 5, 4, 4, 4


class Unit(nn.Module):
    def __init__(self, cin, cout, rate=1):
        super().__init__()
        self.conv_s1 = nn.Conv2d(cin, cout, 3, padding=rate, dilation=rate)
        self.bn_s1 = nn.BatchNorm2d(cout)

    def forward(self, x):
        return F.relu(self.bn_s1(self.conv_s1(x)))


def like(x, y):
    return x if x.shape[2:] == y.shape[2:] else F.interpolate(x, size=y.shape[2:], mode="bilinear", align_corners=False)


def pool(x):
    return F.max_pool2d(x, 2, 2, ceil_mode=True)


class Block(nn.Module):
    """A residual U-block of some levels; a flat one has dilations in place of poolings."""

    def __init__(self, cin, mid, cout, levels, flat):
        super().__init__()
        self.levels, self.flat = levels, flat
        rates = [2**i for i in range(levels)] if flat else [1] * (levels - 1) + [2]
        self.rebnconvin = Unit(cin, cout)
        for i, r in enumerate(rates):
            setattr(self, f"rebnconv{i + 1}", Unit(cout if i == 0 else mid, mid, r))
        for i in range(levels - 1, 0, -1):
            setattr(self, f"rebnconv{i}d", Unit(2 * mid, cout if i == 1 else mid, rates[i - 1]))

    def forward(self, x):
        x = self.rebnconvin(x)
        y, kept = x, []
        for i in range(1, self.levels + 1):
            y = pool(y) if not self.flat and 1 < i < self.levels else y
            y = getattr(self, f"rebnconv{i}")(y)
            kept.append(y)
        y = kept.pop()
        for i in range(self.levels - 1, 0, -1):
            skip = kept.pop()
            y = getattr(self, f"rebnconv{i}d")(torch.cat((like(y, skip), skip), 1))
        return y + x


class Net(nn.Module):
    """Extents of stages 1 ... 6, 5d ... 1d; halved: IS-Net."""

    def __init__(self, mids, outs, halved):
        super().__init__()
        self.halved = halved
        before = 3
        if halved:
            before = outs[0]
            self.conv_in = nn.Conv2d(3, before, 3, stride=2, padding=1)
        for i in range(6):
            setattr(self, f"stage{i + 1}", Block(before, mids[i], outs[i], LEVELS[i], i > 3))
            before = outs[i]
        for i in range(5, 0, -1):
            n = 11 - i
            setattr(self, f"stage{i}d", Block(outs[n - 1] + outs[i - 1], mids[n], outs[n], LEVELS[i - 1], i > 4))
        for i in range(1, 7):
            setattr(self, f"side{i}", nn.Conv2d(outs[11 - i] if i < 6 else outs[5], 1, 3, padding=1))
        if not halved:
            self.outconv = nn.Conv2d(6, 1, 1)

    def stages(self, x):
        out, y = {}, x
        if self.halved:
            y = out["conv_in"] = self.conv_in(x)
        kept = []
        for i in range(1, 7):
            y = out[f"stage{i}"] = getattr(self, f"stage{i}")(pool(y) if i > 1 else y)
            kept.append(y)
        for i in range(5, 0, -1):
            y = out[f"stage{i}d"] = getattr(self, f"stage{i}d")(torch.cat((like(y, kept[i - 1]), kept[i - 1]), 1))
        sides = [getattr(self, f"side{i}")(out[f"stage{i}d"] if i < 6 else out["stage6"]) for i in range(1, 7)]
        sides = [like(s, x if self.halved else sides[0]) for s in sides]
        out["logits"] = sides[0] if self.halved else self.outconv(torch.cat(sides, 1))
        out["matte"] = torch.sigmoid(out["logits"])
        return out, sides

    def forward(self, x):
        out, sides = self.stages(x)
        maps = [torch.sigmoid(s) for s in sides]
        if self.halved:
            return (*maps, *(out[f"stage{i}d"] for i in range(1, 6)), out["stage6"])
        return (out["matte"], *maps)


def formula(name, shape, middle, scale):
    seed = 0xCBF29CE484222325
    for b in name.encode():
        seed = (seed ^ b) * 0x100000001B3 & (1 << 64) - 1
    with np.errstate(over="ignore"):
        i = np.arange(1, math.prod(shape) + 1, dtype=np.uint64)
        z = np.uint64(seed) + i * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    u = (z >> np.uint64(40)).astype(np.float64) * 2.0**-24
    return (middle + scale * (2 * u - 1)).astype(np.float32).reshape(shape)


def spread(name, shape):
    """Middle and scale of a tensor's formula; none where values are stored."""
    if len(shape) == 4:
        last = name.startswith(("side", "outconv"))
        return 0, math.sqrt((1.5 if last else 6) / math.prod(shape[1:]))
    if "bn_s1" not in name:
        return 0, 0.1
    return {"weight": (1, 0.3), "bias": (0, 0.2)}.get(name.rsplit(".", 1)[1])


def fill(net, x):
    """Weights by formula; statistics of norms are those of the picture, so that numbers keep their size."""
    tensors, stored = {}, {}
    state = net.state_dict()
    for name, v in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        shape = list(v.shape)
        s = spread(name, shape)
        if s is None:
            tensors[name] = {"shape": shape, "stored": True}
            continue
        tensors[name] = {"shape": shape, "scale": s[1]} | ({"middle": s[0]} if s[0] else {})
        state[name] = torch.from_numpy(formula(name, shape, *s)).double()
    net.load_state_dict(state)
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.momentum = 1.0
    # Several pictures, so that no channel of the coarsest levels is without a spread.
    seen = torch.cat([torch.roll(x, (7 * i, 11 * i), (2, 3)) * (1 + 0.1 * i) for i in range(6)])
    net.train()
    net.stages(seen)
    net.eval()
    state = net.state_dict()
    for name in tensors:
        if "stored" in tensors[name]:
            stored[name] = state[name].numpy().astype(np.float32)
            state[name] = torch.from_numpy(stored[name]).double()
    net.load_state_dict(state)
    return tensors, stored


def write(path, values):
    header, at = {}, 0
    for name, v in values.items():
        header[name] = {"dtype": "F32", "shape": list(v.shape), "data_offsets": [at, at + 4 * v.size]}
        at += 4 * v.size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for v in values.values():
            f.write(np.ascontiguousarray(v, np.float32).tobytes())


def main(kind, out, export=None):
    net = Net(*(SMALL if kind == "u2netp" else FULL), kind == "isnet").double()
    mean, std = ((0.5,) * 3, (1.0,) * 3) if kind == "isnet" else ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    picture = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "unet-quick", "image.png")
    p = (np.array(Image.open(picture).convert("RGB")) / 255).astype(np.float32)
    x = torch.from_numpy(p).permute(2, 0, 1).double()
    x = ((x - torch.tensor(mean).double()[:, None, None]) / torch.tensor(std).double()[:, None, None])[None]
    with torch.no_grad():
        tensors, stored = fill(net, x)
        exact = {"input": x} | net.stages(x)[0]
        net.float()
        single = {"input": x.float()} | net.stages(x.float())[0]
        for all in (exact, single):
            m = all["matte"]
            all["stretched"] = (m - m.min()) / (m.max() - m.min())
    os.makedirs(out, exist_ok=True)
    stages, kept = {}, {}
    for name, v in exact.items():
        v, w = v.numpy(), single[name].double().numpy()
        stride = max(1, v.size // 900)
        stride += 1 - stride % 2
        kept[name] = v.ravel()[::stride].astype(np.float32)
        off = np.abs(v - w)
        stages[name] = {"shape": list(v.shape), "stride": stride, "l2": float(np.linalg.norm(v)), "max_abs": float(np.abs(v).max()),
            "float32_rel_l2": float(np.linalg.norm(v - w) / np.linalg.norm(v)), "float32_max_abs_err": float(off.max())}
        print(name, v.shape, f"{v.std():.3g} {stages[name]['float32_rel_l2']:.2e}")
    case = {"model": "u2net", "image": "image.png", "files": "../unet-quick", "upstream": f"{kind}, written down from the papers",
        "preprocessing": f"pixels / 255, mean {mean}, std {std}, not resized", "stages": stages}
    json.dump(case, open(os.path.join(out, "case.json"), "w"), indent=0)
    lines = ",\n".join(f'"{n}": {json.dumps(t, separators=(",", ":"))}' for n, t in tensors.items())
    with open(os.path.join(out, "weights.json"), "w") as f:
        f.write(f'{{"format": 1, "model": "u2net", "salt": "", "tensors": {{\n{lines}\n}}}}\n')
    write(os.path.join(out, "weights-stored.safetensors"), stored)
    write(os.path.join(out, "expected.safetensors"), kept)
    if export == "whole":
        torch.onnx.export(net, x.float(), os.path.join(out, "whole.onnx"), opset_version=15, dynamo=False)
        torch.save(net.state_dict(), os.path.join(out, "net.pth"))
    elif export == "bare":
        bare(net, x.float(), os.path.join(out, "bare.onnx"), list(tensors))


def bare(net, x, path, names):
    import onnx

    torch.onnx.export(net, x, path, opset_version=15, dynamo=False, training=torch.onnx.TrainingMode.PRESERVE,
        do_constant_folding=False, output_names=["matte"] + [f"side{i}" for i in range(1, 7)])
    model = onnx.load(path)
    for n in model.graph.node:
        n.doc_string = ""
    own = {t.name: t for t in model.graph.initializer}
    at = 0
    for name in names:
        t = own.pop(name)
        length = len(t.raw_data)
        t.ClearField("raw_data")
        t.data_location = onnx.TensorProto.EXTERNAL
        for k, v in ("location", "weights.bin"), ("offset", at), ("length", length):
            e = t.external_data.add()
            e.key, e.value = k, str(v)
        at += length
    assert all(len(t.raw_data) < 100 for t in own.values()), list(own)
    with open(path, "wb") as f:
        f.write(model.SerializeToString())


main(*sys.argv[1:])
