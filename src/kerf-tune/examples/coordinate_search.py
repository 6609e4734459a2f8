"""Tunes one parameter after another, best value first kept: an optimiser in Python that drives Kerf.

    python3 coordinate_search.py kerf tune conv2d --backend opencl --shape C=64,O=64 --budget 5min --ask-tell
    python3 coordinate_search.py kerf tune --simulate cache.json --ask-tell

What follows the script's name starts Kerf; it answers a line of JSON on its standard output for each on its input.
"""
import json
import subprocess
import sys


class Kerf:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.space = json.loads(self.process.stdout.readline())

    def ask(self, question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def cost(self, configuration):
        answer = self.ask({"evaluate": configuration})
        if "done" in answer:
            raise StopIteration
        cost = answer["cost"]
        return float("inf") if cost is None else cost

    def close(self):
        self.process.stdin.close()
        return self.process.wait()


def search(kerf):
    best = kerf.ask({"list": [0, 1]})["configurations"][0]
    least = kerf.cost(best)
    improved = True
    while improved:
        improved = False
        for name, values in kerf.space["parameters"].items():
            for value in values:
                candidate = dict(best, **{name: value})
                try:
                    cost = kerf.cost(candidate)
                except StopIteration:
                    return best, least
                if cost < least:
                    best, least, improved = candidate, cost, True
    return best, least


if __name__ == "__main__":
    kerf = Kerf(sys.argv[1:])
    best, least = search(kerf)
    print(json.dumps({"best": best, "cost": least}))
    sys.exit(kerf.close())
