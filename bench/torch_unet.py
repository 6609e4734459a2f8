#!/usr/bin/env python3
"""Times the U-Net that `kerf bench` times, in PyTorch on the same device: eager and torch.compile, float32 (with and without
TF32), float16, planes and channels last. Writes torch-unet.json and torch-unet.md; with --kerf beside Kerf's figures.

    python3 torch_unet.py --out reports --kerf reports/bench-cuda-unet.jsonl

Needs PyTorch alone. Weights are PyTorch's own initial ones: times don't depend on them.
"""
import argparse
import json
import math
import os
import platform
import sys
import time

try:
    import torch
    from torch import nn
except ImportError as e:
    sys.exit(f"torch_unet.py: PyTorch can't be imported ({e}); install it, or leave the comparison out")

WIDTHS = (64, 128, 256, 512, 1024)


def block(inputs, outputs):
    """Two times convolution 3×3, batch norm, ReLU (Ronneberger et al. 2015, with padding and batch norm)."""
    parts = []
    for i in range(2):
        parts += [nn.Conv2d(outputs if i else inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs),
                  nn.ReLU(inplace=True)]
    return nn.Sequential(*parts)


class UNet(nn.Module):
    """3 channels to 2 classes, 31,037,698 parameters."""

    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList(block(3 if i == 0 else WIDTHS[i - 1], w) for i, w in enumerate(WIDTHS))
        levels = list(reversed(WIDTHS))
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, stride=2) for a, b in zip(levels, levels[1:]))
        self.join = nn.ModuleList(block(a, b) for a, b in zip(levels, levels[1:]))
        self.head = nn.Conv2d(WIDTHS[0], 2, 1)

    def forward(self, x):
        kept = []
        for i, down in enumerate(self.down):
            x = down(x if i == 0 else nn.functional.max_pool2d(x, 2))
            kept.append(x)
        for up, join, skip in zip(self.up, self.join, reversed(kept[:-1])):
            x = join(torch.cat([skip, up(x)], 1))
        return self.head(x)


def percentile(values, p):
    """Nearest rank in microseconds; None where there are too few runs to tell it from the largest."""
    return None if len(values) * (1 - p) < 0.999 else values[max(0, math.ceil(p * len(values)) - 1)] / 1e3


def figures(nanos):
    nanos = sorted(nanos)
    return {"runs": len(nanos), "p50_us": percentile(nanos, 0.5), "p99_us": percentile(nanos, 0.99),
            "p999_us": percentile(nanos, 0.999), "least_us": nanos[0] / 1e3, "most_us": nanos[-1] / 1e3}


def measure(device, net, batch, side, dtype, last, runs, seconds):
    """Image in the host's memory to labels there (total), and the network alone (compute), each waited for."""
    wait = torch.cuda.synchronize if device.type == "cuda" else (lambda: None)
    image = torch.rand(batch, 3, side, side)
    layout = torch.channels_last if last else torch.contiguous_format

    def upload():
        return image.to(device).to(dtype).contiguous(memory_format=layout)

    def run():
        return net(upload()).argmax(1).to(torch.uint8).cpu()

    with torch.inference_mode():
        for _ in range(3):
            run()
        total, compute = [], []
        start = time.perf_counter()
        while len(total) < runs and (len(total) < 5 or time.perf_counter() - start < seconds / 2):
            t = time.perf_counter_ns()
            run()
            total.append(time.perf_counter_ns() - t)
        x = upload()
        start = time.perf_counter()
        while len(compute) < runs and (len(compute) < 5 or time.perf_counter() - start < seconds / 2):
            wait()
            t = time.perf_counter_ns()
            net(x)
            wait()
            compute.append(time.perf_counter_ns() - t)
    return {"total": figures(total), "compute": figures(compute)}


def environment(device):
    e = {"python": platform.python_version(), "torch": torch.__version__, "system": platform.platform(),
         "device": torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or "cpu"}
    if device.type == "cuda":
        e["cuda"] = torch.version.cuda
        e["cudnn"] = torch.backends.cudnn.version()
    else:
        e["threads"] = torch.get_num_threads()
    return e


def kerf(path):
    """Kerf's p50 in microseconds by (batch, precision): total and compute; and what it was measured with."""
    with open(path, encoding="utf-8") as f:
        environment, *rows = map(json.loads, f)
    rows = [r for r in rows if r["name"] == "unet" and r["success"]]
    about = {"kerf": environment["kerf"], "run": environment["run"], "backend": rows[0]["engine"] if rows else None,
             "device": rows[0]["device"] if rows else None}
    return {(r["batch"], r["precision"]): tuple(r["times"][k]["p50_ns"] / 1e3 for k in ("total", "compute")) for r in rows}, about


def text(v):
    return "–" if v is None else f"{v:.0f}"


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--device", default="cuda")
    a.add_argument("--batch", default="1,8")
    a.add_argument("--side", type=int, default=512)
    a.add_argument("--runs", type=int, default=2000)
    a.add_argument("--seconds", type=float, default=10, help="for each figure at most")
    a.add_argument("--no-compile", action="store_true", help="leaves torch.compile out")
    a.add_argument("--kerf", help="report of kerf bench to put beside")
    a.add_argument("--out", default=".")
    o = a.parse_args()
    device = torch.device(o.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        sys.exit("torch_unet.py: this PyTorch finds no CUDA device (torch.cuda.is_available() is False)")
    torch.backends.cudnn.benchmark = True
    theirs, report = kerf(o.kerf) if o.kerf else ({}, None)
    rows, failed = [], []
    storages = [("float32", torch.float32, False)]
    if device.type == "cuda":
        storages += [("float32, TF32", torch.float32, True), ("float16", torch.float16, False)]
    for batch in map(int, o.batch.split(",")):
        for name, dtype, tf32 in storages:
            torch.backends.cuda.matmul.allow_tf32 = tf32
            torch.backends.cudnn.allow_tf32 = tf32
            for mode in ["eager"] if o.no_compile else ["eager", "torch.compile"]:
                for last in [False, True]:
                    layout = "channels last" if last else "planes"
                    try:
                        net = UNet().to(device).to(dtype).eval()
                        net = net.to(memory_format=torch.channels_last) if last else net
                        if mode != "eager":
                            torch._dynamo.reset()
                            net = torch.compile(net)
                        m = measure(device, net, batch, o.side, dtype, last, o.runs, o.seconds)
                    except Exception as e:  # one way that fails doesn't cost the others
                        failed.append(f"batch {batch}, {name}, {mode}, {layout}: {type(e).__name__}: {str(e).splitlines()[0]}")
                        print("torch_unet.py: " + failed[-1], file=sys.stderr)
                        continue
                    rows.append({"batch": batch, "precision": name, "mode": mode, "layout": layout, **m})
                    print(f"batch {batch}  {name}  {mode}  {layout}: p50 {m['total']['p50_us']:.0f} µs", file=sys.stderr)
    os.makedirs(o.out, exist_ok=True)
    result = {"environment": environment(device), "side": o.side, "rows": rows, "failed": failed,
              "kerf": report}
    for suffix, content in (("json", json.dumps(result, indent=1) + "\n"), ("md", markdown(result, theirs))):
        partial = os.path.join(o.out, f".torch-unet.{suffix}.part")
        with open(partial, "w", encoding="utf-8") as f:
            f.write(content)
        os.replace(partial, os.path.join(o.out, f"torch-unet.{suffix}"))
    return 1 if failed or not rows else 0


def markdown(result, theirs):
    lines = [f"# U-Net {result['side']}² in PyTorch", ""]
    lines += [f"- {k}: {v}" for k, v in result["environment"].items()]
    if result["kerf"]:
        lines.append(f"- Kerf {result['kerf']['kerf']} on {result['kerf']['backend']}, {result['kerf']['device']}")
    lines += [f"- failed: {f}" for f in result["failed"]]
    lines += ["", "Microseconds. Total: from an image in the host's memory to labels there; compute: the network alone. A ratio"
              " is PyTorch's p50 over Kerf's of the same storage and batch: above 1 Kerf is quicker. Kerf makes probabilities"
              " too.", "",
              "| batch | storage | mode | layout | runs | total p50 | p99 | p99.9 | compute p50 | Kerf total | ratio |"
              " Kerf compute | ratio |", "|--:|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for r in result["rows"]:
        ours = theirs.get((r["batch"], r["precision"].split(",")[0]), (None, None))
        cells = [r["batch"], r["precision"], r["mode"], r["layout"], r["total"]["runs"]]
        cells += [text(r["total"][k]) for k in ("p50_us", "p99_us", "p999_us")] + [text(r["compute"]["p50_us"])]
        for mine, that in zip(ours, (r["total"], r["compute"])):
            cells += [text(mine), "–" if mine is None else f"{that['p50_us'] / mine:.2f}"]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
