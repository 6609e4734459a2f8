#!/usr/bin/env python3
"""Times the networks that `kerf bench --network` times, in PyTorch on the same device: Mask R-CNN (torchvision) and SAM 2's image
encoder, decoder with one point, tracked frame with its memories, and memory encoder (transformers).

    python3 torch_models.py --out reports --kerf reports/bench-cuda-sam2-encoder.jsonl --kerf reports/bench-cuda-maskrcnn.jsonl

Eager, batch 1, float32 with and without TF32, and autocast to float16. Weights are the libraries' own initial ones: times don't
depend on them. A network whose library is missing or fails is named with the reason. Writes torch-models.json and torch-models.md;
with --kerf beside Kerf's figures.
"""
import argparse
import functools
import json
import os
import sys
import time

try:
    import torch
except ImportError as e:
    sys.exit(f"torch_models.py: PyTorch can't be imported ({e}); install it, or leave the comparison out")

SIDE = 1024
FRAMES = 9  # of a video: one is shown its point, seven more fill the memory, the last is timed
MODES = ("float32", "float32, TF32", "float16 (autocast)")


def mask_rcnn(device):
    import torchvision
    net = torchvision.models.detection.maskrcnn_resnet50_fpn(weights=None, weights_backbone=None, min_size=800, max_size=1333)
    net = net.eval().to(device)
    image = torch.rand(3, 800, 1216, device=device)
    return lambda: net([image])


def tiny(config):
    widths = list(config.vision_config.backbone_config.blocks_per_stage)
    if widths != [1, 2, 7, 2]:
        raise RuntimeError(f"the default configuration isn't Hiera tiny: {widths}")
    return config


def sam2_image(device):
    from transformers import Sam2Config, Sam2Model
    return Sam2Model(tiny(Sam2Config())).eval().to(device)


def sam2_encoder(device):
    net = sam2_image(device)
    image = torch.rand(1, 3, SIDE, SIDE, device=device)
    return lambda: net.vision_encoder(image)


def sam2_decoder(device):
    net = sam2_image(device)
    embeddings = net.get_image_embeddings(torch.rand(1, 3, SIDE, SIDE, device=device))
    points = torch.full((1, 1, 1, 2), SIDE / 2, device=device)
    labels = torch.ones((1, 1, 1), dtype=torch.int64, device=device)
    return lambda: net(image_embeddings=embeddings, input_points=points, input_labels=labels, multimask_output=False)


@functools.cache
def tracked(device, mode):
    """A video of noise, tracked up to its last frame."""
    from transformers import Sam2VideoConfig, Sam2VideoModel
    from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession
    net = Sam2VideoModel(tiny(Sam2VideoConfig())).eval().to(device)
    session = Sam2VideoInferenceSession(video=torch.rand(FRAMES, 3, SIDE, SIDE), video_height=SIDE, video_width=SIDE,
                                        inference_device=device, inference_state_device=device, video_storage_device=device,
                                        dtype=torch.float32)
    thing = session.obj_id_to_idx(1)
    session.add_point_inputs(thing, 0, {"point_coords": torch.full((1, 1, 1, 2), SIDE / 2, device=device),
                                        "point_labels": torch.ones((1, 1, 1), dtype=torch.int32, device=device)})
    session.obj_with_new_inputs.append(1)
    for i in range(FRAMES):
        net(inference_session=session, frame_idx=i)
    return net, session, thing


def sam2_frame(device, mode):
    net, session, thing = tracked(device, mode)
    return lambda: net._run_single_frame_inference(
        inference_session=session, frame_idx=FRAMES - 1, obj_idx=thing, batch_size=1, is_init_cond_frame=False,
        point_inputs=None, mask_inputs=None, reverse=False)


def sam2_memory(device, mode):
    net, session, _ = tracked(device, mode)
    features, _ = net._prepare_vision_features(session, FRAMES - 1, 1)
    mask = torch.rand(1, 1, SIDE, SIDE, device=device)
    score = torch.ones(1, 1, device=device)
    return lambda: net._encode_new_memory(current_vision_feats=features[-1], pred_masks_high_res=mask,
                                          object_score_logits=score, is_mask_from_pts=False)


NETWORKS = {"maskrcnn": lambda d, m: mask_rcnn(d), "sam2-encoder": lambda d, m: sam2_encoder(d),
            "sam2-decoder": lambda d, m: sam2_decoder(d), "sam2-frame": sam2_frame, "sam2-memory": sam2_memory}


def measure(device, run, runs, seconds):
    wait = torch.cuda.synchronize if device.type == "cuda" else (lambda: None)
    warm = 3
    times = []
    end = time.monotonic() + seconds
    for i in range(warm + runs):
        wait()
        start = time.perf_counter_ns()
        run()
        wait()
        if i >= warm:
            times.append((time.perf_counter_ns() - start) / 1e6)
        if len(times) >= 3 and time.monotonic() > end:
            break
    times.sort()
    return {"runs": len(times), "p50_ms": times[len(times) // 2], "least_ms": times[0], "most_ms": times[-1]}


def kerf(paths):
    """Kerf's p50 of a run by (network, precision), in milliseconds."""
    found = {}
    for path in paths:
        with open(path, encoding="utf-8") as f:
            for r in list(map(json.loads, f))[1:]:
                if r["batch"] == 1 and r["success"]:
                    found[r["name"], r["precision"]] = r["times"]["compute"]["p50_ns"] / 1e6
    return found


def markdown(report, theirs):
    lines = [f"# PyTorch {report['torch']} on {report['device']}", "",
             "Milliseconds of a run whose inputs lie on the device. A ratio is PyTorch's p50 over Kerf's of the same storage: above"
             " 1 Kerf is quicker.", "", "| network | mode | runs | p50 | least | most | Kerf p50 | ratio |",
             "|---|---|--:|--:|--:|--:|--:|--:|"]
    for r in report["figures"]:
        if "failed" in r:
            lines.append(f"| {r['network']} | {r['mode']} | {r['failed']} | | | | | |")
            continue
        ours = theirs.get((r["network"], "float16" if r["mode"].startswith("float16") else "float32"))
        lines.append(f"| {r['network']} | {r['mode']} | {r['runs']} | {r['p50_ms']:.2f} | {r['least_ms']:.2f} | {r['most_ms']:.2f} | "
                     + ("– | – |" if ours is None else f"{ours:.2f} | {r['p50_ms'] / ours:.2f} |"))
    return "\n".join(lines) + "\n"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", default=".")
    p.add_argument("--device", default="cuda")
    p.add_argument("--network", default=",".join(NETWORKS), help="some of " + ", ".join(NETWORKS))
    p.add_argument("--runs", type=int, default=50)
    p.add_argument("--seconds", type=float, default=4, help="for each figure at most")
    p.add_argument("--kerf", action="append", default=[], help="report of kerf bench to put beside; may be repeated")
    a = p.parse_args()
    names = a.network.split(",")
    unknown = [n for n in names if n not in NETWORKS]
    if unknown:
        p.error(f"no network {unknown[0]}; there are {', '.join(NETWORKS)}")
    device = torch.device(a.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        sys.exit("torch_models.py: this PyTorch finds no CUDA device (torch.cuda.is_available() is False)")
    theirs = kerf(a.kerf)
    rows = []
    for mode in MODES if device.type == "cuda" else MODES[:1]:
        torch.backends.cuda.matmul.allow_tf32 = mode.endswith("TF32")
        torch.backends.cudnn.allow_tf32 = mode.endswith("TF32")
        for name in names:
            try:
                torch.manual_seed(0)
                with torch.inference_mode(), torch.autocast(device.type, torch.float16, enabled=mode.startswith("float16")):
                    figures = measure(device, NETWORKS[name](device, mode), a.runs, a.seconds)
                rows.append({"network": name, "mode": mode, **figures})
                print(f"{name}  {mode}: p50 {figures['p50_ms']:.2f} ms", flush=True)
            except Exception as e:  # one network that can't be had doesn't stop the others
                rows.append({"network": name, "mode": mode, "failed": f"{type(e).__name__}: {str(e).splitlines()[0] if str(e) else ''}"})
                print(f"{name}  {mode}: {rows[-1]['failed']}", flush=True)
        tracked.cache_clear()
    report = {"device": torch.cuda.get_device_name(0) if device.type == "cuda" else "cpu", "torch": torch.__version__, "figures": rows}
    os.makedirs(a.out, exist_ok=True)
    for suffix, content in (("json", json.dumps(report, indent=1) + "\n"), ("md", markdown(report, theirs))):
        partial = os.path.join(a.out, f".torch-models.{suffix}.part")
        with open(partial, "w", encoding="utf-8") as f:
            f.write(content)
        os.replace(partial, os.path.join(a.out, f"torch-models.{suffix}"))
    return 1 if any("failed" in r for r in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
