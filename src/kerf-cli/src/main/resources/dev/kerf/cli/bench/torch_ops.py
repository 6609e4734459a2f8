"""The ops of Kerf's graphs, each as the one function of torch, torch.nn.functional or torchvision.ops that its author would have
called: attributes as Kerf's records have them, then operands.
"""
import math

import torch

try:
    import torchvision
    torchvision_absent = None
except Exception as e:  # one that is broken is absent, too
    torchvision, torchvision_absent = None, e

DTYPES = {"F32": torch.float32, "U8": torch.uint8, "I32": torch.int32, "I64": torch.int64}


class Missing(Exception):
    """What can't be had, in words."""


def activated(y, name):
    f = torch.nn.functional
    return {"NONE": lambda: y, "RELU": lambda: f.relu(y), "GELU_ERF": lambda: f.gelu(y), "GELU_TANH": lambda: f.gelu(
        y, approximate="tanh"), "SIGMOID": lambda: torch.sigmoid(y), "SILU": lambda: f.silu(y), "TANH": lambda: torch.tanh(y),
        "HARD_SWISH": lambda: f.hardswish(y), "RELU6": lambda: f.relu6(y)}[name]()


def window(a):
    """Stride, padding and dilation of a window as torch takes them, and the padding that it doesn't: of unequal sides."""
    w = a["window"]
    equal = w["padTop"] == w["padBottom"] and w["padLeft"] == w["padRight"]
    pad = (w["padTop"], w["padLeft"]) if equal else (0, 0)
    apart = None if equal else (w["padLeft"], w["padRight"], w["padTop"], w["padBottom"])
    return (w["strideH"], w["strideW"]), pad, (w["dilationH"], w["dilationW"]), apart


def padded(x, apart, value=0.0):
    return x if apart is None else torch.nn.functional.pad(x, apart, value=value)


def conv2d(a, x, w, *rest):
    stride, pad, dilation, apart = window(a)
    y = torch.nn.functional.conv2d(padded(x, apart), w, rest[0] if a["bias"] else None, stride, pad, dilation, a["groups"])
    return activated(y + rest[-1] if a["residual"] else y, a["activation"])


def conv_transpose2d(a, x, w, bias=None):
    stride, pad, dilation, apart = window(a)
    y = torch.nn.functional.conv_transpose2d(x, w, bias, stride, pad, (a["outPadH"], a["outPadW"]), a["groups"], dilation)
    if apart is not None:
        left, right, top, bottom = apart
        y = y[:, :, top:y.shape[2] - bottom, left:y.shape[3] - right]
    return activated(y, a["activation"])


def max_pool2d(a, x):
    stride, pad, dilation, apart = window(a)
    return torch.nn.functional.max_pool2d(padded(x, apart, -math.inf), (a["kernelH"], a["kernelW"]), stride, pad, dilation, a["ceil"])


def avg_pool2d(a, x):
    stride, pad, _, apart = window(a)
    if apart is not None:
        raise Missing("an average over a padding of unequal sides has no form in PyTorch")
    return torch.nn.functional.avg_pool2d(x, (a["kernelH"], a["kernelW"]), stride, pad, a["ceil"], a["countIncludePad"])


def resize(a, x):
    mode = a["interpolation"].lower()
    if mode == "nearest" and a["sampling"] == "HALF_PIXEL":
        mode = "nearest-exact"
    align = None if mode.startswith("nearest") else a["sampling"] == "ALIGN_CORNERS"
    if a["scaleH"] or a["scaleW"]:
        raise Missing("a resize by given scales isn't what PyTorch does with a given size")
    return torch.nn.functional.interpolate(x, (a["outH"], a["outW"]), mode=mode, align_corners=align, antialias=a["antialias"])


def mat_mul(a, x, w, *rest):
    x = x.transpose(-1, -2) if a["transposeA"] else x
    bias = rest[0] if a["bias"] else None
    if w.dim() == 2 and a["transposeB"] and a["alpha"] == 1:
        y = torch.nn.functional.linear(x, w, bias)
    else:
        y = torch.matmul(x, w.transpose(-1, -2) if a["transposeB"] else w)
        y = y if a["alpha"] == 1 else y * a["alpha"]
        y = y if bias is None else y + bias
    return activated(y + rest[-1] if a["residual"] else y, a["activation"])


def attention(a, q, k, v, bias=None):
    if k.shape[0] != q.shape[0]:
        k, v = k.expand(q.shape[0], -1, -1, -1), v.expand(q.shape[0], -1, -1, -1)
    if bias is not None:
        bias = bias.expand(q.shape[0], q.shape[1], q.shape[2], k.shape[2])
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=bias, scale=a["scale"])


def rotary(a, x, cosines, sines):
    length, pairs = x.shape[-2], cosines.shape[1]
    if cosines.shape[0] != length:
        cosines, sines = (t.repeat(length // t.shape[0], 1) for t in (cosines, sines))
    one, other = x[..., :pairs], x[..., pairs:]
    return torch.cat((one * cosines - other * sines, one * sines + other * cosines), -1)


def layer_norm(a, x, w, b):
    if a["axis"] == x.dim() - 1:
        return torch.nn.functional.layer_norm(x, (x.shape[-1],), w, b, a["eps"])
    # As SAM's LayerNorm2d writes it.
    mean = x.mean(a["axis"], keepdim=True)
    spread = (x - mean).pow(2).mean(a["axis"], keepdim=True)
    shape = [-1] + [1] * (x.dim() - 1 - a["axis"])
    return w.view(shape) * ((x - mean) / torch.sqrt(spread + a["eps"])) + b.view(shape)


def pad(a, x):
    sizes = [n for both in zip(reversed(a["before"]), reversed(a["after"])) for n in both]
    if a["mode"] == "CONSTANT":
        return torch.nn.functional.pad(x, sizes, value=a["value"])
    while len(sizes) > 4 and sizes[-2:] == [0, 0]:
        sizes = sizes[:-2]
    return torch.nn.functional.pad(x, sizes, mode={"REFLECT": "reflect", "REPLICATE": "replicate"}[a["mode"]])


def reshape(a, x):
    shape = list(a["shape"])
    if math.prod(shape) != x.numel():
        # Fewer rows are there than there could be; they are those of the axis that is counted, or of what begins with it.
        shape[a["counted"] if a["counted"] >= 0 else 0] = -1
    return x.reshape(shape)


UNARY = {"RELU": "relu", "SIGMOID": "sigmoid", "TANH": "tanh", "EXP": "exp", "LOG": "log", "SQRT": "sqrt", "RECIPROCAL": "reciprocal",
         "ABS": "abs", "NEGATE": "neg", "SIN": "sin", "COS": "cos", "FLOOR": "floor", "CEIL": "ceil", "ROUND_HALF_EVEN": "round"}
BINARY = {"ADD": "add", "SUBTRACT": "sub", "MULTIPLY": "mul", "DIVIDE": "div", "MAX": "maximum", "MIN": "minimum", "POWER": "pow"}
RELATIONS = {"GREATER": "gt", "GREATER_OR_EQUAL": "ge", "LESS": "lt", "LESS_OR_EQUAL": "le", "EQUAL": "eq", "NOT_EQUAL": "ne"}


def unary(a, x):
    return getattr(torch, UNARY[a["function"]])(x) if a["function"] in UNARY else activated(x, a["function"])


def binary(a, x, y):
    if a["arithmetic"] == "DIVIDE" and not x.is_floating_point():
        return torch.div(x, y, rounding_mode="trunc")
    return activated(getattr(torch, BINARY[a["arithmetic"]])(x, y), a["activation"])


def cast(a, x):
    dtype = DTYPES[a["to"]]
    if x.is_floating_point() and not dtype.is_floating_point:
        bounds = torch.iinfo(dtype)
        x = torch.nan_to_num(x, nan=0.0).clamp(bounds.min, bounds.max)
    return x.to(dtype)


def reduce(a, x):
    name = {"SUM": "sum", "MEAN": "mean", "MAX": "amax", "MIN": "amin"}[a["reduction"]]
    return getattr(torch, name)(x, dim=a["axes"], keepdim=a["keepDims"])


def gather(a, *rest):
    index = rest[-1].long()
    found = tuple(x[index] for x in rest[:-1])
    return found if len(found) > 1 else found[0]


def top_k(a, x):
    values, indices, first = [], [], 0
    for length in a["parts"] or [x.shape[1]]:
        v, i = x[:, first:first + length].topk(min(a["k"], length), dim=1)
        values.append(v)
        indices.append(i + first)
        first += length
    return torch.cat(values, 1), torch.cat(indices, 1).int()


def single(x):
    if x.shape[0] != 1:
        raise Missing("rows that are counted for each of several images are lists in PyTorch: give --batch 1")


def rank(a, x):
    single(x)
    scores = x.reshape(-1)
    there = torch.nonzero(scores > float(a["threshold"])).squeeze(1)
    if there.numel() > a["capacity"]:
        raise Missing(f"{there.numel()} elements pass, more than {a['capacity']}")
    order = there[torch.sort(scores[there], descending=True, stable=True).indices]
    return order.int().unsqueeze(0), torch.full((1,), order.numel(), dtype=torch.int32)


def nms(a, boxes, groups):
    single(boxes)
    box, group = boxes[0], groups.reshape(-1)
    there = torch.nonzero(((box[:, 2] - box[:, 0]) >= a["minSide"]) & ((box[:, 3] - box[:, 1]) >= a["minSide"])).squeeze(1)
    falling = torch.arange(there.numel(), 0, -1, dtype=torch.float32, device=box.device)
    kept = there[ops().batched_nms(box[there], falling, group[there], a["threshold"])[:a["most"]]]
    return kept.int().unsqueeze(0), torch.full((1,), kept.numel(), dtype=torch.int32)


def decode_boxes(a, references, deltas, *rows):
    if a["picked"]:
        references, deltas = references[rows[0].long()], deltas[rows[1].long()][..., -4:]
    low, high = references[..., :2], references[..., 2:]
    side = high - low
    centre = low + 0.5 * side + deltas[..., :2] / deltas.new_tensor((a["wx"], a["wy"])) * side
    half = 0.5 * side * torch.exp((deltas[..., 2:] / deltas.new_tensor((a["ww"], a["wh"]))).clamp(max=a["most"]))
    box = torch.cat((centre - half, centre + half), -1)
    most = box.new_tensor((a["width"], a["height"], a["width"], a["height"]))
    return torch.minimum(box.clamp(min=0), most)


def roi_align(a, boxes, *maps):
    """As torchvision's MultiScaleRoIAlign: each box from the level that suits its size."""
    single(boxes)
    box, scales, rule = boxes[0], a["scales"], a["rule"]
    area = (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])
    level = torch.floor(rule["level"] + torch.log2(area.sqrt() / rule["side"] + rule["inner"]) + rule["outer"])
    level = torch.nan_to_num(level + math.log2(scales[0])).clamp(0, len(scales) - 1)
    y = box.new_zeros((box.shape[0], maps[0].shape[1], a["rows"], a["columns"]))
    for i, (one, scale) in enumerate(zip(maps, scales)):
        there = torch.nonzero(level == i).squeeze(1)
        y[there] = ops().roi_align(one, [box[there]], (a["rows"], a["columns"]), scale, a["samples"] or -1, a["aligned"])
    return y.unsqueeze(0)


def from_pixels(a, x):
    if a["luma"]:
        raise Missing("luma of pixels has no form in PyTorch")
    return (x[..., a["channels"]].permute(0, 3, 1, 2).float() / 255).contiguous()


def standardise(a, x, s):
    mean, std = s[..., :1].unsqueeze(-1), s[..., 1:].unsqueeze(-1)
    return (x - mean) / std


def write_slot(a, state, value, index):
    state[int(index)] = value
    return state


OPS = {
    "conv2d": conv2d, "conv_transpose2d": conv_transpose2d, "max_pool2d": max_pool2d, "avg_pool2d": avg_pool2d, "resize": resize,
    "mat_mul": mat_mul, "attention": attention, "rotary": rotary, "layer_norm": layer_norm, "unary": unary, "binary": binary,
    "cast": cast, "reduce": reduce, "gather": gather, "top_k": top_k, "rank": rank, "nms": nms, "decode_boxes": decode_boxes,
    "roi_align": roi_align, "from_pixels": from_pixels, "standardise": standardise, "write_slot": write_slot, "pad": pad,
    "reshape": reshape,
    "softmax": lambda a, x: torch.softmax(x, a["axis"]),
    "batch_norm": lambda a, x, w, b, mean, var: torch.nn.functional.batch_norm(x, mean, var, w, b, eps=a["eps"]),
    "group_norm": lambda a, x, w, b: torch.nn.functional.group_norm(x, a["groups"], w, b, a["eps"]),
    "concat": lambda a, *x: torch.cat(x, a["axis"]),
    "slice": lambda a, x: x[(slice(None),) * a["axis"] + (slice(a["start"], a["end"], a["step"]),)],
    "permute": lambda a, x: x.permute(a["order"]),
    "expand": lambda a, x: x.expand(a["shape"]),
    "compare": lambda a, x, y: getattr(torch, RELATIONS[a["relation"]])(x, y).to(torch.uint8),
    "where": lambda a, c, x, y: torch.where(c != 0, x, y),
    "clamp": lambda a, x: x.clamp(a["low"], a["high"]),
    "arg_max": lambda a, x: x.argmax(a["axis"]).to(DTYPES[a["dtype"]]),
    "assign": lambda a, state, value: state.copy_(value),
}


def ops():
    if torchvision is None:
        raise Missing(f"torchvision, which has batched_nms and roi_align, can't be imported ({torchvision_absent})")
    return torchvision.ops
