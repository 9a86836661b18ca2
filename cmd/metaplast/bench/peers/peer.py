"""A peer of `metaplast bench`: python3 peer.py MODULE

It says "version V" or "missing WHY", and then answers, line by line:

    prepare SLOT KIND SIZES...   "ok", or "no" where it has nothing of the kind
    run SLOT CALLS               seconds by the wall and of CPU time
"""
import gc
import importlib
import sys
import time


def blas():
    """Which library for matrices is loaded: the kind makes all the difference."""
    try:
        with open("/proc/self/maps") as maps:
            paths = {line.split()[-1].lower() for line in maps if "blas" in line or "mkl" in line}
    except OSError:
        return ""
    for name, mark in (("MKL", "mkl"), ("OpenBLAS", "openblas"), ("plain BLAS", "blas")):
        if any(mark in path for path in paths):
            return " with " + name
    return ""


def main(module):
    try:
        peer = importlib.import_module("peer_" + module)
    except Exception as e:
        print("missing", " ".join(str(e).split()), flush=True)
        return
    print("version", peer.version + blas(), flush=True)
    slots = {}
    gc.disable()
    for line in sys.stdin:
        verb, slot, *args = line.split()
        if verb == "prepare":
            kind = getattr(peer, "run_" + args[0], None)
            if kind is not None:
                slots[slot] = kind(*map(int, args[1:]))
            print("no" if kind is None else "ok", flush=True)
            continue
        f, calls = slots[slot], range(int(args[0]))
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in calls:
            f()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        print(wall, cpu, flush=True)
        gc.collect()


main(sys.argv[1])
