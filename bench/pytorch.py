"""Times the same ascent in PyTorch: milliseconds of a step, or seconds of a job, as a line of JSON.

    python pytorch.py step --reference ascent.py --model googlenet.onnx --layer TENSOR --batch 36
    python pytorch.py job  --reference ascent.py --model googlenet.onnx --layer TENSOR --channels 1 2 --iterations 20 --levels 2

The ascent is the reference script's, which is imported by its path. A step is the whole of one:
forward, backward, Laplacian normalisation, update. It is timed eagerly, and as a CUDA graph that
leaves its image where the next replay finds it. On a CPU a job may be timed in another layout of
its tensors, and shared out among processes. Needs torch, onnx and numpy.
"""
import argparse
import importlib.util
import json
import multiprocessing
import statistics
import time
from types import SimpleNamespace

import torch

# what a stream runs before it is captured: cuDNN chooses its algorithms, and memory is found
WARM_UPS = 3
# two algorithms on tensor cores round differently, and ReLUs and pools then decide otherwise; a graph
# that computes something else is off by about 1
TOLERANCE = 0.5
LAYOUTS = {"nchw": torch.contiguous_format, "nhwc": torch.channels_last}


def load_reference(path):
    spec = importlib.util.spec_from_file_location("reference", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_network(reference, options):
    network = reference.Network(options.model)
    # shapes stay: they are read as numbers in each step, on the card each would be waited for, and
    # no graph can be captured meanwhile
    network.constants = {
        name: value if value.dtype == torch.int64 else in_layout(value.to(options.device), options.layout)
        for name, value in network.constants.items()
    }
    # for the same reason: it is copied to the image's device in each step
    reference.BINOMIAL = reference.BINOMIAL.to(options.device)
    return network


def in_layout(tensor, layout):
    return tensor.contiguous(memory_format=LAYOUTS[layout]) if tensor.dim() == 4 else tensor


def settings(options, **given):
    """What the reference's `ascend` reads of its command line."""
    fixed = {"layer": options.layer, "objective": "rectified", "step": 1.0, "scale": 1.4, "lap_levels": 4}
    return SimpleNamespace(**fixed, **given)


def synchronise(device):
    if device == "cuda":
        torch.cuda.synchronize()


def seconds_of(work, device, repeats, warm_up=True):
    """Median of the repeats, after a run that warms up."""
    if warm_up:
        work()
    synchronise(device)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        synchronise(device)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def captured(step, image):
    """A CUDA graph of one step, from `image` into `image`."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(WARM_UPS):
            image.copy_(step(image))
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        image.copy_(step(image))
    return graph


def time_graph(step, start, options):
    """Milliseconds of a step, or why there are none."""
    if options.device != "cuda":
        return {"graph_ms": None, "graph_reason": f"there are no CUDA graphs on the {options.device}"}
    try:
        image = start.clone()
        graph = captured(step, image)
        image.copy_(start)
        graph.replay()
        expected = step(start)
        distance = ((image - expected).norm() / (expected - start).norm()).item()
        if not distance <= TOLERANCE:
            return {"graph_ms": None, "graph_reason": f"its step is {distance:.3g} of its norm away from the eager one"}

        def replays():
            for _ in range(options.iterations):
                graph.replay()

        seconds = seconds_of(replays, options.device, options.repeats)
        return {"graph_ms": 1000 * seconds / options.iterations, "graph_distance": distance}
    except RuntimeError as error:
        return {"graph_ms": None, "graph_reason": str(error).split("\n")[0]}


def time_step(reference, network, options):
    channels = range(1, options.batch + 1)
    start = torch.randn(options.batch, 3, options.size, options.size).to(options.device)
    ascent = settings(options, channels=channels, tile=0, levels=1, iterations=options.iterations)

    def step(image):
        return reference.ascend(network, image, SimpleNamespace(**{**vars(ascent), "iterations": 1}))

    eager = seconds_of(lambda: reference.ascend(network, start, ascent), options.device, options.repeats)
    return {"eager_ms": 1000 * eager / options.iterations, **time_graph(step, start, options)}


def time_job(reference, network, options, start_together=lambda: None):
    start = torch.randn(len(options.channels), 3, options.size, options.size).to(options.device)
    start = in_layout(start, options.layout)
    given = {name: getattr(options, name) for name in ("channels", "tile", "levels")}
    ascent = lambda iterations: reference.ascend(network, start, settings(options, **given, iterations=iterations))
    # what is found once, for each size of the image, takes one iteration
    ascent(1)
    start_together()
    return {"eager_s": seconds_of(lambda: ascent(options.iterations), options.device, options.repeats, warm_up=False)}


def time_share(options, barrier, seconds):
    """One process of several: begins when all are warm."""
    try:
        reference, network = prepare(options)
        seconds.put(time_job(reference, network, options, start_together=barrier.wait)["eager_s"])
    except BaseException:
        # the others would wait for this one
        barrier.abort()
        raise


def time_shares(options):
    """Seconds of a job whose channels are shared out: those of the slowest process."""
    context = multiprocessing.get_context("spawn")
    barrier, seconds = context.Barrier(options.processes), context.Queue()
    shares = [options.channels[i :: options.processes] for i in range(options.processes)]
    processes = [
        context.Process(target=time_share, args=(SimpleNamespace(**{**vars(options), "channels": share}), barrier, seconds))
        for share in shares
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise SystemExit("a process of the job failed")
    return {"eager_s": max(seconds.get() for _ in processes)}


def prepare(options):
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    # what ONNX Runtime's CUDA provider does by default
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    reference = load_reference(options.reference)
    return reference, load_network(reference, options)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["step", "job"])
    parser.add_argument("--reference", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--layer", required=True, help="name of its output tensor")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--batch", type=int, default=1, help="of a step: images at once, of the layer's first channels")
    parser.add_argument("--channels", type=int, nargs="+", default=[1], help="of a job, 1-based")
    parser.add_argument("--levels", type=int, default=1, help="of a job")
    parser.add_argument("--tile", type=int, default=0, help="of a job: side of the crops; 0: none")
    parser.add_argument("--layout", choices=LAYOUTS, default="nchw", help="how pixels and weights lie in memory")
    parser.add_argument("--threads", type=int, default=0, help="of each process; 0: as many as PyTorch takes")
    parser.add_argument("--processes", type=int, default=1, help="of a job on the CPU, each with a share of its channels")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit(f"PyTorch {torch.__version__} finds no CUDA card")

    measure = {"step": time_step, "job": time_job}[options.command]
    times = time_shares(options) if options.processes > 1 else measure(*prepare(options), options)
    card = torch.cuda.get_device_name() if options.device == "cuda" else "CPU"
    print(json.dumps({"torch": torch.__version__, "device": card, **times}))


if __name__ == "__main__":
    main()
