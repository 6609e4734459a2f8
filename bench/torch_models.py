#!/usr/bin/env python3
"""Times Mask R-CNN (torchvision) and SAM 2's image encoder (transformers) on a CUDA device, to be set beside `Bench models`.

    python3 torch_models.py --out reports

Eager, batch 1, float32 with and without TF32, and autocast to float16. Weights are the libraries' own initial ones. A network
whose library is missing or fails is named with the reason. Writes torch-models.json and torch-models.md.
"""
import argparse
import json
import os
import time

import torch


def mask_rcnn(device):
    import torchvision
    net = torchvision.models.detection.maskrcnn_resnet50_fpn(weights=None, weights_backbone=None, min_size=800, max_size=1333)
    image = torch.rand(3, 800, 1216, device=device)
    return net.eval().to(device), lambda n: n([image])


def sam2_encoder(device):
    from transformers import Sam2Config, Sam2Model
    net = Sam2Model(Sam2Config())
    widths = list(net.config.vision_config.backbone_config.blocks_per_stage)
    if widths != [1, 2, 7, 2]:
        raise RuntimeError(f"the default configuration isn't Hiera tiny: {widths}")
    image = torch.rand(1, 3, 1024, 1024, device=device)
    return net.eval().to(device), lambda n: n.vision_encoder(image)


def measure(run, runs, seconds):
    times = []
    end = time.monotonic() + seconds
    for i in range(3 + runs):
        torch.cuda.synchronize()
        start = time.perf_counter_ns()
        run()
        torch.cuda.synchronize()
        if i >= 3:
            times.append((time.perf_counter_ns() - start) / 1e6)
        if i > 6 and time.monotonic() > end:
            break
    times.sort()
    return {"runs": len(times), "p50_ms": times[len(times) // 2], "least_ms": times[0], "most_ms": times[-1]}


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--out", default=".")
    p.add_argument("--runs", type=int, default=50)
    p.add_argument("--seconds", type=float, default=4)
    a = p.parse_args()
    device = torch.device("cuda")
    rows = []
    for name, make in (("Mask R-CNN R50-FPN, 800×1216", mask_rcnn), ("SAM 2.1 tiny, image encoder 1024²", sam2_encoder)):
        for mode in ("float32", "float32, TF32", "float16 (autocast)"):
            tf32 = mode.endswith("TF32")
            torch.backends.cuda.matmul.allow_tf32 = tf32
            torch.backends.cudnn.allow_tf32 = tf32
            try:
                torch.manual_seed(0)
                net, run = make(device)
                with torch.inference_mode(), torch.autocast("cuda", torch.float16, enabled=mode.startswith("float16")):
                    figures = measure(lambda: run(net), a.runs, a.seconds)
                rows.append({"case": name, "mode": mode, **figures})
                print(f"{name}  {mode}: p50 {figures['p50_ms']:.2f} ms", flush=True)
            except Exception as e:  # one network that can't be had doesn't stop the other
                rows.append({"case": name, "mode": mode, "failed": f"{type(e).__name__}: {e}"})
                print(f"{name}  {mode}: {rows[-1]['failed']}", flush=True)
    report = {"device": torch.cuda.get_device_name(0), "torch": torch.__version__, "figures": rows}
    os.makedirs(a.out, exist_ok=True)
    with open(os.path.join(a.out, "torch-models.json"), "w") as f:
        json.dump(report, f, indent=1)
    with open(os.path.join(a.out, "torch-models.md"), "w") as f:
        f.write(f"# PyTorch {report['torch']} on {report['device']}\n\n| case | mode | runs | p50 ms | least | most |\n|---|---|--:|--:|--:|--:|\n")
        for r in rows:
            f.write(f"| {r['case']} | {r['mode']} | " + (r["failed"] + " | | | |\n" if "failed" in r else
                    f"{r['runs']} | {r['p50_ms']:.2f} | {r['least_ms']:.2f} | {r['most_ms']:.2f} |\n"))


if __name__ == "__main__":
    main()
