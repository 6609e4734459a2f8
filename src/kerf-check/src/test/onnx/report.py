"""Writes the tables of src/kerf/ONNX.md from reports of OnnxNodeTest and OnnxNetworksTest:

    python report.py NODES-CPU NODES-OPENCL NETWORKS-CPU NETWORKS-OPENCL
"""
import sys


def rows(file):
    out = {}
    for line in open(file):
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if line.startswith("| ") and len(cells) >= 2 and cells[0] not in ("operator",):
            out[cells[0]] = cells[1:]
    return out


nodes, other, cpu, opencl = (rows(f) for f in sys.argv[1:])
print("| operator | passed | failed | refused |\n|---|--:|--:|--:|")
known = {o: c for o, c in nodes.items() if int(c[0]) + int(c[1])}
for o, c in known.items():
    second = other.get(o, c)
    print("|", o, "|", " | ".join(a if a == b else f"{a} ({b})" for a, b in zip(c, second)), "|")
sums = [sum(int(c[i]) for c in known.values()) for i in range(3)]
print("| all of these |", " | ".join(map(str, sums)), "|\n")
print("Not supported at all, and refused by name:",
      ", ".join(f"{o} ({c[2]})" for o, c in nodes.items() if o not in known and o != "?") + ".\n")
print("| network, exporter | `cpu` | `opencl` |\n|---|--:|--:|")
for n, c in cpu.items():
    print("|", n.replace("@ts", ", opset ").replace("@dynamo", ", dynamo"), "|",
          " | ".join(f"{float(x[0].split()[-1]):.1e}" for x in (c, opencl[n])), "|")
