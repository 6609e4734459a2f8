"""Writes the small checkpoints beside this script with PyTorch's own torch.save, for the reader's tests.

Run: python make_checkpoints.py (made with PyTorch 2.13.0 and NumPy 2.4.6). Values are small integers and halves, exact in
every dtype: element i of a tensor is (i % 7) - 2, of an unsigned one i % 7, of a bool i % 2.
"""
import argparse
import collections
import datetime
import decimal
import os
import pathlib
import sys
import types

import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
DTYPES = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]
NEW_DTYPES = ["uint64", "uint32", "uint16"]


def values(shape, dtype):
    i = torch.arange(int(np.prod(shape)) if shape else 1)
    if dtype == "bool":
        return (i % 2 == 1).reshape(shape)
    return (i % 7 if dtype.startswith("uint") else i % 7 - 2).to(getattr(torch, dtype)).reshape(shape)


def every_dtype(names):
    return collections.OrderedDict((name, values((2, 3), name)) for name in names)


def save(name, what, **options):
    torch.save(what, os.path.join(HERE, name), **options)


legacy = {"_use_new_zipfile_serialization": False}
save("dtypes.pt", every_dtype(DTYPES + NEW_DTYPES))
save("dtypes-legacy.pt", every_dtype(DTYPES), **legacy)

base = values((4, 6), "float32")
shared = collections.OrderedDict(
    base=base,
    transposed=base.t(),
    slice=base[1:3, ::2],
    row=base[2],
    expanded=values((1, 3), "float32").expand(4, 3),
    scalar=torch.tensor(2.5),
    empty=torch.zeros(0, 3),
    parameter=torch.nn.Parameter(values((3,), "float32")),
)
save("views.pt", shared)
save("views-legacy.pt", shared, **legacy)
save("views-protocol4.pt", shared, pickle_protocol=4)

# PyTorch negates lazily: the file has the values from before and says so. The imaginary part of a conjugate is such a view.
signs = collections.OrderedDict(
    (name, torch._neg_view(values((2, 3), name))) for name in DTYPES if name != "bool"
)
signs["imaginary"] = torch.complex(torch.zeros(3), values((3,), "float32")).conj().imag
signs["transposed"] = torch._neg_view(values((2, 3), "float32")).t()
signs["parameter"] = torch.nn.Parameter(torch._neg_view(values((3,), "float32")))
signs["plain"] = values((3,), "float32")
save("negated.pt", signs)
save("negated-legacy.pt", signs, **legacy)

torch.manual_seed(1)
net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
with torch.no_grad():
    for p in net.parameters():
        p.copy_(values(tuple(p.shape), "float32"))
optimizer = torch.optim.Adam(net.parameters())
net(torch.ones(1, 1, 5, 5)).sum().backward()
optimizer.step()
with torch.no_grad():
    for p in net.parameters():
        p.copy_(values(tuple(p.shape), "float32"))
training = {
    "epoch": 3,
    "model": torch.nn.DataParallel(net).state_dict(),
    "optimizer": optimizer.state_dict(),
    "best": np.float64(0.875),
    "step": np.int64(12),
    "classes": ["cell", "membrane"],
    "loss": 0.5,
    "milestones": collections.Counter({10: 1}),
    "note": None,
    "device": torch.device("cpu"),
    "size": torch.Size([5, 5]),
}
save("training.pt", training)
save("training-legacy.pt", training, **legacy)
save("whole-model.pt", net)

averaged = torch.optim.swa_utils.AveragedModel(torch.compile(net))
averaged.update_parameters(torch.compile(net))

class CfgNode(dict):
    """As yacs has it: entries that are attributes too."""


CfgNode.__module__ = "yacs.config"
sys.modules["yacs"] = types.ModuleType("yacs")
sys.modules["yacs.config"] = types.ModuleType("yacs.config")
sys.modules["yacs.config"].CfgNode = CfgNode
config = CfgNode(DEPTH=4)
config.__dict__["frozen"] = True
beside = {
    "checkpoint": {"model_ema": averaged.state_dict()},
    "texts": np.array(["a", "bb"]),
    "days": np.array(["2026-01-02"], dtype="datetime64[D]"),
    "records": np.zeros(2, dtype=[("a", "i4")]),
    "layout": torch.strided,
    "rest": ...,
    "config": config,
    "user": collections.UserDict(a=1),
    "args": argparse.Namespace(lr=0.1, device="cpu", output_dir=pathlib.PurePosixPath("runs/1"),
                               nested=argparse.Namespace(a=1)),
    "root": pathlib.Path("/data/images"),
    "share": pathlib.PureWindowsPath("C:/data"),
    "losses": collections.deque([0.5, 0.25], maxlen=8),
    "begun": datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
    "day": datetime.date(2026, 1, 2),
    "took": datetime.timedelta(seconds=5),
    "price": decimal.Decimal("1.5"),
    "version": torch.__version__,
    "epochs": range(3),
    "epoch": 2,
}
save("beside.pt", beside)
save("beside-legacy.pt", beside, **legacy)
save("beside-protocol4.pt", beside, pickle_protocol=4)
