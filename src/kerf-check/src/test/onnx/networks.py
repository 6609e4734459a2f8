"""Exports networks with random weights as ONNX models, each with an input and what ONNX Runtime makes of it, for
OnnxNetworksTest:

    python networks.py FOLDER [NAME ...]

Those whose names begin with tiny- are in src/test/resources/onnx, and every run of the tests takes them.

Makes FOLDER/NAME/model.onnx, input_0.npz ... and output_0.npz ...; needs torch, torchvision, timm, transformers, onnx,
onnxscript, onnxruntime.
"""
import os
import sys
import warnings

import numpy as np
import torch
from torch import nn

warnings.simplefilter("ignore")
try:
    import torchvision  # noqa: F401
except RuntimeError:
    # Its own library is for another build of torch: the networks here need none of it, only that its ops are declared.
    OPS = torch.library.Library("torchvision", "DEF")
    for op in ("nms", "qnms"):
        OPS.define(op + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    for loaded in [m for m in sys.modules if m.startswith("torchvision")]:
        del sys.modules[loaded]


class RSU(nn.Module):
    """A residual U-block as in U2-Net (Qin et al. 2020): convolutions, pooling with ceil, upsampling to the skipped size."""

    def __init__(self, cin, mid, out, depth):
        super().__init__()
        self.first = self.conv(cin, out)
        self.down = nn.ModuleList([self.conv(out, mid)] + [self.conv(mid, mid) for _ in range(depth - 2)])
        self.bottom = self.conv(mid, mid, 2)
        self.up = nn.ModuleList([self.conv(2 * mid, mid) for _ in range(depth - 2)] + [self.conv(2 * mid, out)])
        self.pool = nn.MaxPool2d(2, 2, ceil_mode=True)

    @staticmethod
    def conv(cin, out, dilation=1):
        return nn.Sequential(nn.Conv2d(cin, out, 3, padding=dilation, dilation=dilation), nn.BatchNorm2d(out), nn.ReLU())

    def forward(self, x):
        x = self.first(x)
        y, skips = x, []
        for i, d in enumerate(self.down):
            y = d(self.pool(y) if i else y)
            skips.append(y)
        y = self.bottom(y)
        for u, s in zip(self.up, reversed(skips)):
            y = nn.functional.interpolate(y, size=s.shape[2:], mode="bilinear", align_corners=False)
            y = u(torch.cat([y, s], 1))
        return y + x


class SaliencyNet(nn.Module):
    """Nested U-blocks with side outputs, fused, as U2-Net and IS-Net have them."""

    def __init__(self, width=8):
        super().__init__()
        w = width
        self.stem = nn.Conv2d(3, w, 3, stride=2, padding=1)
        self.enc = nn.ModuleList([RSU(w, w, 2 * w, 4), RSU(2 * w, w, 2 * w, 3), RSU(2 * w, w, 2 * w, 3)])
        self.dec = nn.ModuleList([RSU(4 * w, w, 2 * w, 3), RSU(4 * w, w, 2 * w, 4)])
        self.side = nn.ModuleList([nn.Conv2d(2 * w, 1, 3, padding=1) for _ in range(3)])
        self.pool = nn.MaxPool2d(2, 2, ceil_mode=True)

    def forward(self, x):
        size = x.shape[2:]
        a = self.enc[0](self.stem(x))
        b = self.enc[1](self.pool(a))
        c = self.enc[2](self.pool(b))
        up = lambda t, s: nn.functional.interpolate(t, size=s, mode="bilinear", align_corners=False)
        d = self.dec[0](torch.cat([up(c, b.shape[2:]), b], 1))
        e = self.dec[1](torch.cat([up(d, a.shape[2:]), a], 1))
        return tuple(torch.sigmoid(up(s(t), size)) for s, t in zip(self.side, (e, d, c)))


class YoloSegHead(nn.Module):
    """SiLU blocks with split, SPPF, nearest upsampling, distribution over distances, prototypes: as YOLOv8-seg has them."""

    def __init__(self, w=16, classes=5, protos=8):
        super().__init__()
        c = lambda i, o, k=1, s=1: nn.Sequential(nn.Conv2d(i, o, k, s, k // 2, bias=False), nn.BatchNorm2d(o), nn.SiLU())
        self.a, self.b, self.c = c(3, w, 3, 2), c(w, w, 3, 2), c(w, w, 3, 2)
        self.cv1, self.m, self.cv2 = c(w, w), c(w // 2, w // 2, 3), c(w + w // 2, w)
        self.sp1, self.sp2 = c(w, w // 2), c(2 * w, w)
        self.pool = nn.MaxPool2d(5, 1, 2)
        self.box, self.cls, self.mc = nn.Conv2d(w, 64, 1), nn.Conv2d(w, classes, 1), nn.Conv2d(w, protos, 1)
        self.up, self.proto = nn.ConvTranspose2d(w, w, 2, 2), nn.Conv2d(w, protos, 1)
        self.nc, self.protos = classes, protos

    def forward(self, x):
        p3 = self.b(self.a(x))
        y = list(self.cv1(p3).chunk(2, 1))
        y.append(self.m(y[-1]) + y[-1])
        p3 = self.cv2(torch.cat(y, 1))
        p4 = self.sp1(self.c(p3))
        q = [p4]
        for _ in range(3):
            q.append(self.pool(q[-1]))
        p4 = self.sp2(torch.cat(q, 1))
        p3 = p3 + nn.functional.interpolate(p4, scale_factor=2, mode="nearest")
        rows = []
        for p, stride in ((p3, 4), (p4, 8)):
            b, _, h, w = p.shape
            d = self.box(p).view(b, 4, 16, h * w).transpose(2, 1).softmax(1)
            d = (d * torch.arange(16, dtype=torch.float32).view(1, 16, 1, 1)).sum(1)
            sx = torch.arange(w, dtype=torch.float32) + 0.5
            sy = torch.arange(h, dtype=torch.float32) + 0.5
            gy, gx = torch.meshgrid(sy, sx, indexing="ij")
            at = torch.stack((gx, gy), -1).view(-1, 2).t().unsqueeze(0)
            lt, rb = d.chunk(2, 1)
            x1, x2 = at - lt, at + rb
            box = torch.cat(((x1 + x2) / 2, x2 - x1), 1) * stride
            rows.append(torch.cat((box, self.cls(p).flatten(2).sigmoid(), self.mc(p).flatten(2)), 1))
        return torch.cat(rows, 2), self.proto(self.up(p3))


class First(nn.Module):
    """A network whose result is a dictionary or an object: its logits."""

    def __init__(self, net, key):
        super().__init__()
        self.net, self.key = net, key

    def forward(self, x):
        y = self.net(x)
        return y[self.key] if not hasattr(y, self.key) else getattr(y, self.key)


def tv(name, **kw):
    import torchvision.models.segmentation as s
    return First(getattr(s, name)(weights=None, weights_backbone=None, num_classes=6, **kw), "out")


def timm_net(name, **kw):
    import timm
    return timm.create_model(name, pretrained=False, **kw)


def hf(kind, **kw):
    import transformers as t
    if kind == "tiny-segformer":
        return First(t.SegformerForSemanticSegmentation(t.SegformerConfig(
            hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], num_labels=3, decoder_hidden_size=8, mlp_ratios=[2, 2, 2, 2],
            num_attention_heads=[1, 1, 2, 2])), "logits")
    if kind == "segformer":
        return First(t.SegformerForSemanticSegmentation(t.SegformerConfig(
            hidden_sizes=[16, 32, 40, 64], depths=[1, 1, 2, 1], num_labels=7, decoder_hidden_size=32)), "logits")
    if kind == "upernet-swin":
        b = t.SwinConfig(embed_dim=24, depths=[2, 2, 2, 2], num_heads=[1, 2, 4, 8], window_size=7,
                         out_features=["stage1", "stage2", "stage3", "stage4"])
        return First(t.UperNetForSemanticSegmentation(t.UperNetConfig(
            backbone_config=b, hidden_size=32, auxiliary_in_channels=96, num_labels=5, use_auxiliary_head=False)), "logits")
    if kind == "dpt":
        return First(t.DPTForSemanticSegmentation(t.DPTConfig(
            hidden_size=48, num_hidden_layers=4, num_attention_heads=4, intermediate_size=96, image_size=64,
            backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[16, 24, 32, 40], fusion_hidden_size=32,
            num_labels=5, use_auxiliary_head=False)), "logits")
    if kind == "beit":
        return First(t.BeitForSemanticSegmentation(t.BeitConfig(
            hidden_size=48, num_hidden_layers=4, num_attention_heads=4, intermediate_size=96, image_size=64, patch_size=16,
            out_indices=[1, 2, 3, 4], num_labels=5, use_auxiliary_head=False, auxiliary_channels=16)), "logits")
    if kind == "mobilevit":
        return First(t.MobileViTForSemanticSegmentation(t.MobileViTConfig(num_labels=4)), "logits")
    raise KeyError(kind)


NETWORKS = {
    "tiny-saliency": (lambda: SaliencyNet(4), (1, 3, 32, 40)),
    "tiny-yolo-seg": (lambda: YoloSegHead(8, 3, 4), (1, 3, 32, 32)),
    "tiny-segformer": (lambda: hf("tiny-segformer"), (1, 3, 32, 32)),
    "tiny-swin": (lambda: timm_net("swin_tiny_patch4_window7_224", num_classes=4, img_size=32, window_size=4, embed_dim=8,
                                   depths=(1, 2), num_heads=(1, 2)), (1, 3, 32, 32)),
    "saliency": (lambda: SaliencyNet(), (1, 3, 96, 80)),
    "yolo-seg": (lambda: YoloSegHead(), (1, 3, 64, 96)),
    "fcn-resnet50": (lambda: tv("fcn_resnet50"), (1, 3, 65, 80)),
    "deeplabv3-mobilenet": (lambda: tv("deeplabv3_mobilenet_v3_large"), (1, 3, 97, 80)),
    "deeplabv3-resnet50": (lambda: tv("deeplabv3_resnet50"), (1, 3, 64, 64)),
    "lraspp": (lambda: tv("lraspp_mobilenet_v3_large"), (1, 3, 96, 112)),
    "segformer": (lambda: hf("segformer"), (1, 3, 64, 96)),
    "upernet-swin": (lambda: hf("upernet-swin"), (1, 3, 112, 112)),
    "dpt": (lambda: hf("dpt"), (1, 3, 64, 64)),
    "beit": (lambda: hf("beit"), (1, 3, 64, 64)),
    "mobilevit": (lambda: hf("mobilevit"), (1, 3, 64, 64)),
    "convnext": (lambda: timm_net("convnext_atto", num_classes=10), (1, 3, 64, 64)),
    "swin": (lambda: timm_net("swin_tiny_patch4_window7_224", num_classes=10, img_size=112, embed_dim=24, depths=(2, 2, 2, 2),
                              num_heads=(1, 2, 4, 8)), (1, 3, 112, 112)),
    "vit": (lambda: timm_net("vit_tiny_patch16_224", num_classes=10, img_size=64, depth=3), (2, 3, 64, 64)),
    "efficientnet": (lambda: timm_net("efficientnet_b0", num_classes=10), (1, 3, 64, 64)),
    "mobileone": (lambda: timm_net("mobileone_s0", num_classes=10), (1, 3, 64, 64)),
    "hrnet": (lambda: timm_net("hrnet_w18_small", features_only=True), (1, 3, 64, 64)),
    "maxvit": (lambda: timm_net("maxvit_rmlp_pico_rw_256", num_classes=10, img_size=64), (1, 3, 64, 64)),
    "edgenext": (lambda: timm_net("edgenext_xx_small", num_classes=10), (1, 3, 64, 64)),
    "pvt": (lambda: timm_net("pvt_v2_b0", num_classes=10), (1, 3, 64, 64)),
    "repvit": (lambda: timm_net("repvit_m1", num_classes=10), (1, 3, 64, 64)),
    "efficientvit": (lambda: timm_net("efficientvit_b0", num_classes=10), (1, 3, 64, 64)),
    "levit": (lambda: timm_net("levit_128s", num_classes=10), (1, 3, 224, 224)),
    "nfnet": (lambda: timm_net("dm_nfnet_f0", num_classes=4), (1, 3, 64, 64)),
    "regnet": (lambda: timm_net("regnety_002", num_classes=4), (1, 3, 64, 64)),
}


def randomised(net):
    """Statistics and scales as training leaves them: none 0 or 1."""
    for m in net.modules():
        if isinstance(m, (nn.BatchNorm2d, nn.BatchNorm1d)) and m.running_mean is not None:
            m.running_mean.normal_(0, 0.1)
            m.running_var.uniform_(0.8, 1.2)
        if isinstance(m, (nn.BatchNorm2d, nn.LayerNorm, nn.GroupNorm)) and m.weight is not None:
            m.weight.data.uniform_(0.8, 1.2)
            m.bias.data.normal_(0, 0.1)
    return net.eval()


def shrink(file):
    """Leaves out what is for people: stack traces, types of values in between."""
    import onnx
    m = onnx.load(file)
    for f in os.listdir(os.path.dirname(file)):
        os.remove(os.path.join(os.path.dirname(file), f))
    del m.graph.value_info[:]
    del m.graph.metadata_props[:]
    for n in m.graph.node:
        del n.metadata_props[:]
        n.doc_string = ""
    for t in m.graph.initializer:
        t.doc_string = ""
    onnx.save(m, file, save_as_external_data="swin" in file and "dynamo" in file, location="weights.bin", size_threshold=1024)


def save(folder, name, values):
    np.savez_compressed(os.path.join(folder, name + ".npz"), values)


def main(out, names):
    import onnxruntime as ort
    for name in names or NETWORKS:
        base, _, how = name.partition("@")
        make, shape = NETWORKS[base]
        for variant in [how] if how else ["ts14", "dynamo"]:
            try:
                torch.manual_seed(7)
                net = randomised(make())
                x = torch.randn(shape)
                folder = os.path.join(out, f"{base}@{variant}")
                os.makedirs(folder, exist_ok=True)
                file = os.path.join(folder, "model.onnx")
                with torch.no_grad():
                    if variant == "dynamo":
                        torch.onnx.export(net, (x,), file, dynamo=True, opset_version=18, verbose=False)
                    else:
                        torch.onnx.export(net, (x,), file, dynamo=False, opset_version=int(variant[2:]),
                                          input_names=["image"], dynamic_axes={"image": {2: "h", 3: "w"}}
                                          if base in ("saliency", "fcn-resnet50", "lraspp", "segformer") else None)
                if base.startswith("tiny-"):
                    shrink(file)
                session = ort.InferenceSession(file, providers=["CPUExecutionProvider"])
                save(folder, "input_0", x.numpy())
                for i, y in enumerate(session.run(None, {session.get_inputs()[0].name: x.numpy()})):
                    save(folder, f"output_{i}", y)
                print(base, variant, "ok", os.path.getsize(file), flush=True)
            except Exception as e:
                print(base, variant, "not exported:", type(e).__name__, str(e).splitlines()[:1], flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
