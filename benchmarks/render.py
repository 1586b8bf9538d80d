"""How long objects take to be rendered once all is imported, and how long the imports take.

    .venv/bin/python benchmarks/render.py [ROUNDS]

Processor time, for what else runs on the machine counts less there; the smallest of each counts.
The very first rendering compiles the templates; later ones find them compiled.
"""

import subprocess
import sys

STEPS = ("imports", "settings", "render", "render again")
PROGRAM = """
import gc, time
gc.set_threshold(100_000)  # as in the program
began = time.process_time()
from jhos.render import Facts, render
from jhos.settings.load import load
imported = time.process_time()
image = "registry.example.com/demo/image@sha256:aaaa"
facts = Facts(namespace="demo", hub_image=image, notebook_image=image, database_image=image)
settings = load({"name": "alpha"})
loaded = time.process_time()
objects = render(settings, facts)
first = time.process_time()
render(settings, facts)
again = time.process_time()
print(len(objects), imported - began, loaded - imported, first - loaded, again - first)
"""


def round_s() -> tuple[float, ...]:
    """The number of objects, then of each step its seconds."""
    done = subprocess.run((sys.executable, "-c", PROGRAM), check=True, capture_output=True)
    return tuple(map(float, done.stdout.split()))


def main(rounds: int) -> None:
    measures = [round_s() for _ in range(rounds)]
    count, *times_s = map(min, zip(*measures, strict=True))
    print(f"{count:.0f} objects")
    for name, time_s in zip(STEPS, times_s, strict=True):
        print(f"{name:14} {time_s * 1000:6.1f} ms  {time_s * 1000 / count:5.2f} ms an object")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
