#!/usr/bin/env python3
"""Makes the small U-Net checkpoints beside it, as torch.save writes them, and what PyTorch computes with them in float64.

    python make_unets.py

Each NAME.pt is a state dict under upstream's tensor names; NAME-logits.npy is the answer to planes.npy, or to planes-odd.npy,
whose sides are no multiple of what the network halves (only milesial's layout pads for that).
"""
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def pair(inner, middle, outer, bias):
    return nn.Sequential(
        nn.Conv2d(inner, middle, 3, padding=1, bias=bias), nn.BatchNorm2d(middle), nn.ReLU(),
        nn.Conv2d(middle, outer, 3, padding=1, bias=bias), nn.BatchNorm2d(outer), nn.ReLU())


class Named(nn.Module):
    """A module whose children have the given names, dots included as nesting."""

    def __init__(self, **children):
        super().__init__()
        for name, child in children.items():
            setattr(self, name, child)


def milesial(channels, classes, widths, bilinear):
    net, depth = nn.Module(), len(widths) - 1
    net.inc = Named(double_conv=pair(channels, widths[0], widths[0], False))
    for i in range(1, depth + 1):
        block = Named(double_conv=pair(widths[i - 1], widths[i], widths[i], False))
        setattr(net, f"down{i}", Named(maxpool_conv=nn.Sequential(nn.MaxPool2d(2), block)))
    below = widths[depth]
    for i in range(1, depth + 1):
        skip = widths[depth - i]
        if bilinear:
            out = skip if i == depth else skip // 2
            block = Named(conv=Named(double_conv=pair(below + skip, (below + skip) // 2, out, False)))
        else:
            out = skip
            block = Named(up=nn.ConvTranspose2d(below, below // 2, 2, stride=2),
                          conv=Named(double_conv=pair(below // 2 + skip, out, out, False)))
        setattr(net, f"up{i}", block)
        below = out
    net.outc = Named(conv=nn.Conv2d(below, classes, 1))

    def forward(x):
        skips = [net.inc.double_conv(x)]
        for i in range(1, depth + 1):
            pool, block = getattr(net, f"down{i}").maxpool_conv
            skips.append(block.double_conv(pool(skips[-1])))
        y = skips.pop()
        for i in range(1, depth + 1):
            up, skip = getattr(net, f"up{i}"), skips.pop()
            y = F.interpolate(y, scale_factor=2, mode="bilinear", align_corners=True) if bilinear else up.up(y)
            h, w = skip.shape[2] - y.shape[2], skip.shape[3] - y.shape[3]
            y = F.pad(y, (w // 2, w - w // 2, h // 2, h - h // 2))
            y = up.conv.double_conv(torch.cat([skip, y], 1))
        return net.outc.conv(y)
    return net, forward


def plain(channels, classes, widths):
    net, depth = nn.Module(), len(widths) - 1
    for i in range(depth + 1):
        name = "bottom" if i == depth else f"enc{i + 1}"
        setattr(net, name, pair(widths[i - 1] if i else channels, widths[i], widths[i], True))
    for i in range(depth, 0, -1):
        setattr(net, f"up{i}", nn.ConvTranspose2d(widths[i], widths[i - 1], 2, stride=2))
        setattr(net, f"dec{i}", pair(2 * widths[i - 1], widths[i - 1], widths[i - 1], True))
    net.head = nn.Conv2d(widths[0], classes, 1)

    def forward(x):
        x = (x - x.mean((2, 3), keepdim=True)) / x.std((2, 3), keepdim=True, unbiased=False)
        skips = []
        for i in range(1, depth + 1):
            x = getattr(net, f"enc{i}")(x)
            skips.append(x)
            x = F.max_pool2d(x, 2)
        x = net.bottom(x)
        for i in range(depth, 0, -1):
            x = getattr(net, f"dec{i}")(torch.cat([getattr(net, f"up{i}")(x), skips.pop()], 1))
        return net.head(x)
    return net, forward


def save(name, made, planes, wrap):
    net, forward = made
    for m in net.modules():                                 # statistics as after some training
        if isinstance(m, nn.BatchNorm2d):
            nn.init.uniform_(m.weight, 0.8, 1.2), nn.init.uniform_(m.bias, -0.2, 0.2)
            m.running_mean.uniform_(-0.2, 0.2), m.running_var.uniform_(0.5, 1.5), m.num_batches_tracked.fill_(7)
    torch.save(wrap(net.state_dict()), name + ".pt")
    net.double().eval()
    with torch.no_grad():
        np.save(name + "-logits.npy", forward(torch.from_numpy(planes).double()[None])[0].numpy())


torch.manual_seed(5)
planes = np.random.default_rng(5).random((3, 32, 48), dtype=np.float32)
odd = np.random.default_rng(6).random((3, 37, 45), dtype=np.float32)
np.save("planes.npy", planes)
np.save("planes-odd.npy", odd)
save("milesial-transposed", milesial(3, 2, [6, 12, 24], False), odd, lambda s: s)
save("milesial-bilinear", milesial(3, 1, [6, 12, 12], True), odd, lambda s: {**s, "mask_values": [0, 255]})
save("plain", plain(1, 4, [6, 12, 24]), planes[:1], lambda s: {"epoch": 3, "model_state_dict": s})
