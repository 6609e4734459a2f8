"""Draws one scene in the formats that are read, and rasterises it with pycocotools: expected.json has the areas' run lengths."""
import json
import math
import os
import numpy as np
from pycocotools import mask as coco

W, H = 61, 47
here = os.path.dirname(os.path.abspath(__file__))


def rle(polygons):
    return coco.merge(coco.frPyObjects([list(map(float, p)) for p in polygons], H, W))


def text(r):
    return r["counts"].decode()


def turned(p, cx, cy, degrees):
    a = math.radians(degrees)
    out = []
    for x, y in zip(p[::2], p[1::2]):
        dx, dy = x - cx, y - cy
        out += [cx + dx * math.cos(a) - dy * math.sin(a), cy + dx * math.sin(a) + dy * math.cos(a)]
    return out


def ellipse(cx, cy, rx, ry, degrees):
    p = []
    for i in range(256):
        a = 2 * math.pi * i / 256
        p += [cx + rx * math.cos(a), cy + ry * math.sin(a)]
    return turned(p, cx, cy, degrees)


tri = [3.25, 4.5, 30.75, 6.0, 12.0, 28.25]
hole = [9.0, 8.0, 18.0, 8.5, 12.0, 18.0]
box = [35.5, 5.0, 52.25, 18.75]
corners = [box[0], box[1], box[2], box[1], box[2], box[3], box[0], box[3]]
expected = {
    "triangle": text(rle([tri])),
    "box": text(rle([corners])),
    "turnedMiddle": text(rle([turned(corners, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, 25)])),
    "turnedCorner": text(rle([turned(corners, box[0], box[1], 25)])),
    "ellipse": text(rle([ellipse(30, 34, 14.5, 6.25, 30)])),
    "triangleWithHole": text(coco.encode(np.asfortranarray(
        coco.decode(rle([tri])) & (1 - coco.decode(rle([hole])))))),
}

pts = lambda p: ";".join(f"{x},{y}" for x, y in zip(p[::2], p[1::2]))
blob = np.zeros((H, W), np.uint8)
blob[20:29, 40:55] = np.random.default_rng(5).random((9, 15)) < 0.6
blob[20, 40] = 1
blob[28, 54] = 1
expected["blob"] = text(coco.encode(np.asfortranarray(blob)))
flat = blob[20:29, 40:55].ravel()
runs, value, n = [], 0, 0
for v in flat:
    if v != value:
        runs.append(n)
        value, n = v, 0
    n += 1
runs.append(n)
run = ", ".join(map(str, runs))
open(os.path.join(here, "cvat.xml"), "w").write(f"""<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><id>3</id><name>scene</name><labels>
    <label><name>cell</name><color>#ff0000</color><type>any</type><attributes><attribute><name>stage</name></attribute></attributes></label>
    <label><name>debris &amp; dust</name><color>#00ff00</color><type>any</type></label>
  </labels></task></meta>
  <image id="0" name="set/scene.png" width="{W}" height="{H}">
    <polygon label="cell" source="manual" occluded="0" points="{pts(tri)}" z_order="1"><attribute name="stage">2</attribute></polygon>
    <box label="debris &amp; dust" source="manual" occluded="0" xtl="{box[0]}" ytl="{box[1]}" xbr="{box[2]}" ybr="{box[3]}" rotation="25" z_order="0"/>
    <mask label="cell" source="semi-auto" occluded="0" rle="{run}" left="40" top="20" width="15" height="9" z_order="2"/>
    <ellipse label="cell" source="manual" occluded="0" cx="30" cy="34" rx="14.5" ry="6.25" rotation="30" z_order="3"/>
    <polyline label="cell" source="manual" occluded="0" points="1,1;5,5" z_order="0"/>
    <tag label="cell" source="manual"/>
  </image>
  <image id="1" name="empty.png" width="5" height="4"/>
</annotations>
""")
open(os.path.join(here, "cvat-video.xml"), "w").write(f"""<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><labels><label><name>car</name></label></labels><original_size><width>{W}</width><height>{H}</height></original_size></task></meta>
  <track id="4" label="car" source="manual">
    <polygon frame="0" keyframe="1" outside="0" occluded="0" points="{pts(tri)}" z_order="0"/>
    <polygon frame="1" keyframe="1" outside="1" occluded="0" points="{pts(tri)}" z_order="0"/>
    <box frame="2" keyframe="1" outside="0" occluded="0" xtl="{box[0]}" ytl="{box[1]}" xbr="{box[2]}" ybr="{box[3]}" z_order="0"/>
  </track>
</annotations>
""")


def region(type, value, **more):
    return dict(id="r", type=type, from_name="label", to_name="image", original_width=W, original_height=H,
                image_rotation=0, value=value, **more)


def share(p):
    return [[x * 100 / W, y * 100 / H] for x, y in zip(p[::2], p[1::2])]


json.dump([{
    "id": 1, "data": {"image": "/data/upload/3/0a1b2c3d-scene%20one.png"},
    "annotations": [
        {"was_cancelled": True, "result": []},
        {"was_cancelled": False, "result": [
            region("polygonlabels", {"points": share(tri), "closed": True, "polygonlabels": ["cell"]}),
            region("rectanglelabels", {"x": box[0] * 100 / W, "y": box[1] * 100 / H, "width": (box[2] - box[0]) * 100 / W,
                                       "height": (box[3] - box[1]) * 100 / H, "rotation": 25, "rectanglelabels": ["dust"]}),
            region("ellipselabels", {"x": 30 * 100 / W, "y": 34 * 100 / H, "radiusX": 14.5 * 100 / W,
                                     "radiusY": 6.25 * 100 / H, "rotation": 30, "ellipselabels": ["cell"]}),
            region("keypointlabels", {"x": 3, "y": 4, "keypointlabels": ["cell"]}),
        ]}],
    "predictions": [{"result": [region("keypointlabels", {})]}],
}], open(os.path.join(here, "label-studio.json"), "w"), indent=1)

ring = lambda p: [[x, y] for x, y in zip(p[::2], p[1::2])] + [p[:2]]
json.dump({"type": "FeatureCollection", "features": [
    {"type": "Feature", "id": "a", "geometry": {"type": "Polygon", "coordinates": [ring(tri), ring(hole)]},
     "properties": {"objectType": "annotation", "classification": {"name": "Tumor", "color": [200, 0, 0]},
                    "measurements": {"score": 0.75}}},
    {"type": "Feature", "geometry": {"type": "MultiPolygon", "coordinates": [[ring(corners)]]},
     "properties": {"objectType": "detection", "classification": {"names": ["Stroma", "deep"]},
                    "measurements": [{"name": "score", "value": 0.5}]}},
    {"type": "Feature", "geometry": {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}, "properties": {}},
]}, open(os.path.join(here, "scene.geojson"), "w"))
json.dump(expected, open(os.path.join(here, "expected.json"), "w"), indent=1)
