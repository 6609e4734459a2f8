"""Makes a golden case of EdgeTAM with upstream's code: gen.py SOURCE OUT [SIDE]

SOURCE is a checkout of facebookresearch/EdgeTAM. Writes case.json, weights.json, weights-stored.safetensors and
expected.safetensors to OUT for the frames of ../sam2-quick. Needs torch, timm, pyyaml, safetensors and Pillow.
"""
import importlib, json, math, os, struct, subprocess, sys, types

import numpy as np

SINGLE = os.environ.get("GOLDEN_DTYPE") == "float32"
import torch

if not SINGLE:
    # Upstream asks for float32 here and there.
    torch.float32 = torch.float = torch.float64
    torch.Tensor.float = lambda self: self.double()
    torch.set_default_dtype(torch.float64)
torch.manual_seed(0)
REAL = torch.zeros(()).dtype
# So that the thing is there.
THERE = "sam_mask_decoder.pred_obj_score_head.layers.2.bias"


def upstream(source, side):
    """The model of edgetam.yaml, for frames of a side."""
    # timm imports torchvision, whose wheel may be of another build; none of its ops is needed.
    global declared
    declared = torch.library.Library("torchvision", "FRAGMENT")
    if "timm" not in sys.modules:
        declared.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        declared.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import timm, yaml

    package = types.ModuleType("sam2")
    package.__path__ = [os.path.join(source, "sam2")]
    sys.modules["sam2"] = package
    for name in ("iopath", "iopath.common", "iopath.common.file_io"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["iopath.common.file_io"].g_pathmgr = None
    import timm.models

    create = timm.models.create_model
    timm.models.create_model = lambda name, pretrained, **how: create(name.split(".")[0], pretrained=False, **how)

    def made(node):
        if isinstance(node, list):
            return [made(n) for n in node]
        if not isinstance(node, dict):
            return float(node) if isinstance(node, str) and node.startswith("1e-") else node
        args = {k: made(v) for k, v in node.items() if k != "_target_"}
        if "_target_" not in node:
            return args
        module, name = node["_target_"].rsplit(".", 1)
        return getattr(importlib.import_module(module), name)(**args)

    config = yaml.safe_load(open(os.path.join(source, "sam2", "configs", "edgetam.yaml")))["model"]
    config["image_size"] = side
    config["memory_attention"]["layer"]["cross_attention"]["q_sizes"] = [side // 16, side // 16]
    return made(config).to(REAL).eval()


def formula(name, shape, scale):
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
    return (scale * (2 * u - 1)).astype(np.float32).reshape(shape)


def tensors(path):
    data = open(path, "rb").read()
    n = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + n])
    return {k: np.frombuffer(data[8 + n + v["data_offsets"][0] : 8 + n + v["data_offsets"][1]], np.float32).reshape(v["shape"])
            for k, v in header.items() if k != "__metadata__"}


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


def fill(model, folder):
    given = json.load(open(os.path.join(folder, "weights.json")))["tensors"]
    stored = tensors(os.path.join(folder, "weights-stored.safetensors"))
    state = {}
    for name, own in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            state[name] = own
            continue
        t = given[name]
        v = stored[name] if t.get("stored") else formula(name, t["shape"], t["scale"])
        state[name] = torch.from_numpy(np.array(v)).to(REAL)
    model.load_state_dict(state)


def stages(model, folder, case):
    from PIL import Image

    mean = torch.tensor([0.485, 0.456, 0.406], dtype=REAL)[:, None, None]
    std = torch.tensor([0.229, 0.224, 0.225], dtype=REAL)[:, None, None]

    def frame(name):
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            path = os.path.join(folder, case["files"], name)
        p = (np.array(Image.open(path).convert("RGB")) / 255).astype(np.float32)
        return ((torch.from_numpy(p).permute(2, 0, 1).to(REAL) - mean) / std)[None]

    out = {}
    x = frame(case["images"][0])
    out["input"] = x
    for i, level in enumerate(model.image_encoder.trunk(x)):
        out[f"trunk_stage{i + 1}"] = level
    seen = model.forward_image(x)
    _, feats, places, sizes = model._prepare_backbone_features(seen)
    fine = [f.permute(1, 2, 0).view(1, -1, *s) for f, s in zip(feats[:-1], sizes[:-1])]
    out["high_res_features_0"], out["high_res_features_1"] = fine
    image = (feats[-1] + model.no_mem_embed).permute(1, 2, 0).view(1, -1, *sizes[-1])
    out["image_embeddings"] = image
    out["vision_pos_enc_2"] = seen["vision_pos_enc"][2 if len(seen["vision_pos_enc"]) > 2 else -1]
    encoder = model.sam_prompt_encoder
    out["image_pe"] = encoder.get_dense_pe()
    inputs = os.path.join(folder, "inputs.safetensors")
    if not os.path.exists(inputs):
        inputs = os.path.join(folder, case.get("files", "."), "inputs.safetensors")
    masks = tensors(inputs)
    for name, p in case["prompts"].items():
        points = (torch.tensor([p["points"]], dtype=REAL), torch.tensor([p["labels"]], dtype=torch.int32))
        mask = torch.from_numpy(np.array(masks[name + ".mask_input"])).to(REAL) if "mask_input" in p else None
        if mask is not None:
            mask = mask.reshape(1, 1, *encoder.mask_input_size)
        sparse, dense = encoder(points=points, boxes=None, masks=mask)
        low, ious, _, there = model.sam_mask_decoder(image_embeddings=image, image_pe=encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse, dense_prompt_embeddings=dense, multimask_output=p["multimask_output"],
            repeat_image=False, high_res_features=fine)
        for stage, v in (("sparse_prompt_embeddings", sparse), ("dense_prompt_embeddings", dense), ("low_res_masks", low),
                ("iou_predictions", ious), ("object_score_logits", there)):
            out[f"{name}.{stage}"] = v
    memory = {"cond_frame_outputs": {}, "non_cond_frame_outputs": {}}
    for t, name in enumerate(case["images"]):
        _, feats, places, sizes = model._prepare_backbone_features(model.forward_image(frame(name)))
        p = case["prompts"]["point"]
        points = {"point_coords": torch.tensor([p["points"]], dtype=REAL),
            "point_labels": torch.tensor([p["labels"]], dtype=torch.int32)} if t == 0 else None
        made = model.track_step(frame_idx=t, is_init_cond_frame=t == 0, current_vision_feats=feats,
            current_vision_pos_embeds=places, feat_sizes=sizes, point_inputs=points, mask_inputs=None, output_dict=memory,
            num_frames=len(case["images"]), run_mem_encoder=True)
        memory["cond_frame_outputs" if t == 0 else "non_cond_frame_outputs"][t] = made
        out[f"video{t}.low_res_masks"] = made["pred_masks"]
        out[f"video{t}.object_pointer"] = made["obj_ptr"]
        out[f"video{t}.object_score_logits"] = made["object_score_logits"] if "object_score_logits" in made else None
        out[f"video{t}.memory_features"] = made["maskmem_features"]
        if t == 0:
            out["video0.memory_pos_enc"] = made["maskmem_pos_enc"][-1]
    return {k: v.detach() for k, v in out.items() if v is not None}


def scale(name, shape):
    if name.endswith(".bn.weight") or len(shape) == 1 and name.endswith("weight"):
        return 1.0
    if len(shape) == 1:
        return 0.05
    if "embed" in name or "_token" in name:
        return 0.5
    if "gaussian" in name or "latents" in name or "tpos" in name or "no_obj" in name:
        return 0.5
    fan = math.prod(shape[1:]) if "output_upscaling" not in name else shape[0]
    # Attentions that aren't saturated make less of rounding.
    tame = 0.5 if "q_proj" in name or "k_proj" in name else 1
    return float(np.float32(tame * math.sqrt(3.0 / fan)))


def make(source, out, side):
    """A case of its own: everything by formula but the statistics of batch norms, which are those of the first frame."""
    case = json.load(open(os.path.join(out, "case.json")))
    model = upstream(source, side)
    listed, state = {}, {}
    for name, own in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            state[name] = own
        elif ".running_" in name or name == THERE:
            listed[name] = {"shape": list(own.shape), "stored": True}
            state[name] = torch.full_like(own, 5) if name == THERE else own
        else:
            s = scale(name, list(own.shape))
            listed[name] = {"shape": list(own.shape), "scale": s}
            state[name] = torch.from_numpy(formula(name, list(own.shape), s)).to(REAL)
    model.load_state_dict(state)
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for m in norms:
        m.train()
        m.momentum = 1.0
    with torch.no_grad():
        from PIL import Image
        p = np.array(Image.open(os.path.join(out, case["files"], case["images"][0])).convert("RGB")) / 255
        x = torch.from_numpy(p).permute(2, 0, 1).to(REAL)
        x = (x - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor([0.229, 0.224, 0.225])[:, None, None]
        model.image_encoder.trunk(x[None])
    stored = {n: v.numpy().astype(np.float32) for n, v in model.state_dict().items() if ".running_" in n or n == THERE}
    json.dump({"format": 1, "model": "edgetam", "salt": "", "tensors": listed},
        open(os.path.join(out, "weights.json"), "w"), separators=(",", ":"))
    write(os.path.join(out, "weights-stored.safetensors"), stored)


def main():
    source, out = sys.argv[1:3]
    case = json.load(open(os.path.join(out, "case.json")))
    side = case["image_size"]
    if SINGLE:
        model = upstream(source, side)
        fill(model, out)
        with torch.no_grad():
            np.savez(sys.argv[3], **{k: v.numpy() for k, v in stages(model, out, case).items()})
        return
    if len(sys.argv) > 3 and sys.argv[3] == "make":
        make(source, out, side)
    model = upstream(source, side)
    fill(model, out)
    with torch.no_grad():
        exact = stages(model, out, case)
    if len(sys.argv) > 3 and sys.argv[3] == "check":
        known = tensors(os.path.join(out, "expected.safetensors"))
        for name, s in case["stages"].items():
            v = exact[name].numpy().reshape(-1)[:: s["stride"]]
            r = known[name].astype(np.float64)
            print(f"{name:40} {np.linalg.norm(v - r) / np.linalg.norm(r):.2e}")
        return
    other = os.path.join(out, "single.npz")
    subprocess.run([sys.executable, __file__, source, out, other], check=True, env=os.environ | {"GOLDEN_DTYPE": "float32"})
    single = dict(np.load(other))
    os.remove(other)
    described, kept = {}, {}
    for name, v in exact.items():
        v = v.numpy().astype(np.float64)
        d = single[name].astype(np.float64) - v
        stride = max(1, math.ceil(v.size / (1500 if name.endswith("masks") else 700)))
        stride += stride > 1 and stride % 2 == 0
        described[name] = {"shape": list(v.shape), "stride": stride, "l2": float(np.linalg.norm(v)),
            "max_abs": float(np.abs(v).max()), "float32_rel_l2": float(np.linalg.norm(d) / max(np.linalg.norm(v), 1e-300)),
            "float32_max_abs_err": float(np.abs(d).max())}
        kept[name] = v.reshape(-1)[::stride]
    case["stages"] = described
    json.dump(case, open(os.path.join(out, "case.json"), "w"), indent=1)
    write(os.path.join(out, "expected.safetensors"), kept)


main()
