"""How far activation traces part: ours from PyTorch's, and PyTorch's own, float64 from float32.

    python bench/compare_traces.py --reference PATH/TO/ascent.py --model googlenet.onnx [--channels 1 2]
        [--layers conv1/7x7_s2_1 ...] [--start noise|strong-noise|blobs] [--warm-up 0] [--iterations 20] [--crop 0] [--size 224]

An ascent through ReLUs and max pools has kinks, at which a rounding error decides which way the
gradient goes; a trace of a deep layer therefore ends elsewhere when anything is rounded otherwise. The
second column says how far the reference gets from itself, which is as near as anyone can come. Each
figure is the largest relative distance over iterations and images, and the first iteration that is
more than 1 % off. With --warm-up the start is what the reference makes of it in so many iterations: an
image on which the channel answers to shapes rather than to noise, and whose trace is steadier. Needs torch, onnx, numpy, and `npm ci` in this repository.
"""
import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

ROOT = Path(__file__).parent.parent
LAYERS = ["conv1/7x7_s2_1", "conv2/3x3_reduce_1", "inception_3b/1x1_1", "inception_4e/1x1_1", "loss3/classifier_1"]
LIMIT = 0.01


def noise(rng, count, size):
    return rng.standard_normal((count, 3, size, size)).astype(np.float32)


def blobs(rng, count, size):
    """Patches of colour under weak noise: about the contrast of a photograph."""
    coarse = torch.from_numpy(60 * noise(rng, count, 8))
    smooth = torch.nn.functional.interpolate(coarse, size=(size, size), mode="bicubic").numpy()
    return smooth + 8 * noise(rng, count, size)


STARTS = {"noise": noise, "strong-noise": lambda *a: 30 * noise(*a), "blobs": blobs}


def in_float64(network):
    """The reference's network, in double precision."""
    network.constants = {k: v.double() if v.is_floating_point() else v for k, v in network.constants.items()}
    return network


def kernel(ascent):
    """The reference's Laplacian kernel, in the precision of the image."""

    def of(x):
        k = torch.zeros(3, 3, 5, 5, dtype=x.dtype)
        for c in range(3):
            k[c, c] = ascent.BINOMIAL.to(x.dtype)
        return k

    return of


def ascend(ascent, network, start, options):
    """Trace [iterations, N] and image."""
    trace = []
    image = ascent.ascend(network, start, options, lambda _i, strength, _l: trace.append(strength.double().numpy().copy()))
    return np.array(trace), image


def our_trace(model, start, options):
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/start.npy", start)
        command = ["node", ROOT / "local/bin/dreamgrid.mjs", "ascend", "--network", model, "--layer", options.layer]
        command += ["--channels", *map(str, options.channels), "--objective", options.objective]
        command += ["--iterations", str(options.iterations), "--levels", "1"]
        command += ["--init", f"{folder}/start.npy", "--out", f"{folder}/out"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return np.load(f"{folder}/out/activation.npy")


def distance(trace, reference):
    relative = np.abs(trace - reference) / np.abs(reference)
    late = np.flatnonzero(relative.max(1) > LIMIT)
    return f"{relative.max():8.1e}  {f'from {late[0] + 1}' if late.size else 'never':>7}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--network", help="id or path, as dreamgrid names it (default: the model's path)")
    parser.add_argument("--layers", nargs="+", default=LAYERS)
    parser.add_argument("--channels", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--start", choices=STARTS, default="noise")
    parser.add_argument("--warm-up", type=int, default=0, help="iterations of the reference before the start")
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--crop", type=int, default=0, help="side of the crops that a larger image is seen through; 0: none")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()

    sys.path.insert(0, str(given.reference.parent))
    import ascent

    ascent.kernel = kernel(ascent)
    single, double = ascent.Network(given.model), in_float64(ascent.Network(given.model))
    first = STARTS[given.start](np.random.default_rng(given.seed), len(given.channels), given.size)
    print(f"start: {given.start}, {given.warm_up} iterations on, {given.size} px; {given.iterations} iterations; off by more than {LIMIT:.0%} from iteration:")
    print(f"{'layer':24} {'objective':10} {'ours from float32':>18} {'float64 from float32':>21} {'ours from float64':>20}")
    for layer in given.layers:
        for objective in ("mean", "rectified"):
            options = SimpleNamespace(levels=1, iterations=given.warm_up, scale=1.4, step=1.0, lap_levels=4, layer=layer, channels=given.channels, objective=objective, tile=given.crop)
            start = ascend(ascent, single, torch.from_numpy(first), options)[1].numpy()
            options.iterations = given.iterations
            ours = our_trace(given.network or given.model, start, options)
            reference, _ = ascend(ascent, single, torch.from_numpy(start), options)
            exact, _ = ascend(ascent, double, torch.from_numpy(start).double(), options)
            print(f"{layer:24} {objective:10} {distance(ours, reference)}     {distance(exact, reference)}    {distance(ours, exact)}", flush=True)


if __name__ == "__main__":
    main()
