import { join } from "node:path";

import { decodeNpy, encodeNpy } from "../../lib/image/npy.ts";
import type { Planes } from "../../lib/image/raster.ts";
import { decodeUserFile } from "../../lib/image/user-file.ts";
import { sizeOf } from "../../lib/onnx/tensor.ts";
import { AscentEngine } from "../../lib/optvis/ascent/engine.ts";
import { planLevels } from "../../lib/optvis/ascent/plan-levels.ts";
import { pyramidSizes } from "../../lib/optvis/ascent/pyramid-sizes.ts";
import { onStartColour } from "../../lib/optvis/ascent/start.ts";
import type { AscentResult, DeepDreamTask } from "../../lib/optvis/ascent/task.ts";
import type { NetworkModel } from "../../lib/optvis/graph/layer-pass.ts";
import { standardNormal, uniformFrom } from "../../lib/optvis/random.ts";
import { MAX_IMAGE_SIDE_PX } from "../../lib/pipeline/limits.ts";
import { channelsIn, parseRange } from "../../lib/pipeline/request/channel-ranges.ts";
import { checkNoFolders, withFolder } from "./folders.ts";
import type { InputFlags } from "./input-options.ts";
import { noteAssumptions, openLayer } from "./network.ts";
import type { LayerFlags } from "./options.ts";
import type { Terminal } from "./terminal.ts";
import { WorkBar } from "./time-left.ts";
import { UsageError } from "./user-errors.ts";
import { writeWhole } from "./write-whole.ts";

export interface AscendFlags extends LayerFlags, Pick<InputFlags, "input"> {
  readonly channels: readonly string[];
  readonly iterations: number;
  readonly levels: number;
  readonly scale: number;
  readonly init?: string;
  readonly threads?: number;
  readonly out: string;
}

export async function runAscend(flags: AscendFlags, terminal: Terminal): Promise<void> {
  const opened = await openLayer(flags, terminal, { input: flags.input });
  const { model, layer } = opened;
  const channels = channelNumbers(flags.channels, layer);
  const images = flags.init
    ? await readImages(flags.init, channels.length, model.scale)
    : noiseImages(channels.length, model);
  const size = images[0]!;
  const last = pyramidSizes(size, flags.levels, flags.scale).at(-1)!;
  if (Math.max(last.height, last.width) > MAX_IMAGE_SIDE_PX) {
    throw new UsageError(
      `${flags.levels} levels of scale ${flags.scale} end at ${last.width} x ${last.height} pixels, want at most ${MAX_IMAGE_SIDE_PX} a side; give fewer --levels or a smaller --scale`,
    );
  }
  const levels = planLevels(model, layer, {
    size,
    pyramidLevels: flags.levels,
    pyramidScale: flags.scale,
    overlap: "none",
  });
  const task: DeepDreamTask = {
    method: "deepdream",
    network: model,
    layer,
    channels,
    levels,
    objective: flags.objective,
    iterations: flags.iterations,
    start: { kind: "given", images },
    provider: flags.provider,
  };
  await checkNoFolders(["image.npy", "activation.npy"].map((file) => join(flags.out, file)));
  await withFolder(flags.out, async () => {
    const results = await render(task, flags, terminal);
    const lines = await writeResults(results, flags.out, model.scale);
    for (const line of lines) terminal.print(line);
    terminal.note(`${flags.out}: image.npy and activation.npy`);
  });
  noteAssumptions(opened, terminal);
}

async function render(
  task: DeepDreamTask,
  { threads }: AscendFlags,
  terminal: Terminal,
): Promise<readonly AscentResult[]> {
  await using engine = new AscentEngine({ threads });
  const total = task.channels.length * task.levels.length * task.iterations;
  using bar = new WorkBar(terminal, `rendering ${task.layer.name}`, total);
  const done = new Map<number, number>();
  return await engine.render(task, {
    onProgress: ({ channel, level, iteration }) => {
      done.set(channel, (level - 1) * task.iterations + iteration);
      bar.show(sum(done.values()));
    },
  });
}

/** "5", "1:36" and "1,2,5" as 1-based channels, each once. */
function channelNumbers(
  written: readonly string[],
  layer: { readonly name: string; readonly channels: number },
): readonly number[] {
  const count = layer.channels;
  const channels = written
    .flatMap((part) => part.split(","))
    .flatMap((part) => {
      const range = parseRange(part);
      if (range === null || range.first < 1 || range.last < range.first || range.last > count) {
        throw new UsageError(
          `channel '${part}': want indices or ranges like 1:36, from 1 to ${count}, of layer '${layer.name}'`,
        );
      }
      return channelsIn(range);
    });
  const repeated = channels.find((channel, i) => channels.indexOf(channel) !== i);
  if (repeated === undefined) return channels;
  throw new UsageError(`channel ${repeated} is given more than once; want each once`);
}

/** Network input units to centred pixels. */
async function readImages(
  path: string,
  count: number,
  scale: readonly number[],
): Promise<readonly Planes[]> {
  const { shape, data } = await decodeUserFile(path, decodeNpy);
  const [n = 0, planes, height = 0, width = 0] = shape;
  if (shape.length !== 4 || planes !== scale.length || n !== count || data.length === 0) {
    throw new UsageError(
      `${path}: holds [${shape.join(", ")}], want [${count}, ${scale.length}, H, W], one image per channel`,
    );
  }
  if (!data.every(Number.isFinite))
    throw new UsageError(`${path}: holds values that are not finite`);
  const pixels = sizeOf(shape.slice(1));
  return Array.from({ length: n }, (_, i) => ({
    height,
    width,
    data: perPlane(data.subarray(i * pixels, (i + 1) * pixels), scale, (value, s) => value / s),
  }));
}

function noiseImages(count: number, network: NetworkModel): readonly Planes[] {
  const { height, width } = network.inputSize;
  const values = network.planes.length * height * width;
  return Array.from({ length: count }, (_, i) => {
    const data = standardNormal(values, uniformFrom("ascend", i));
    return onStartColour({ height, width, data }, network);
  });
}

/** @returns the progress table, line by line */
async function writeResults(
  results: readonly AscentResult[],
  folder: string,
  scale: readonly number[],
): Promise<readonly string[]> {
  const images = results.map((result) => {
    if (result.kind === "image") return result;
    throw new UsageError(`channel ${result.channel}: ${result.reason}`);
  });
  const { height, width } = images[0]!.image;
  const size = images[0]!.image.data.length;
  // hundreds of large images are more numbers than a list may have
  const pixels = new Float32Array(images.length * size);
  images.forEach(({ image }, i) => {
    pixels.set(
      perPlane(image.data, scale, (value, s) => value * s),
      i * size,
    );
  });
  const steps = images[0]!.trace.length;
  const activations = Array.from({ length: steps }, (_, k) =>
    images.map(({ trace }) => trace[k]!.activation),
  );
  await writeWhole(
    [join(folder, "image.npy"), encodeNpy([images.length, scale.length, height, width], pixels)],
    [
      join(folder, "activation.npy"),
      encodeNpy([steps, images.length], Float32Array.from(activations.flat())),
    ],
  );
  const rows = images[0]!.trace.map(({ iteration, level }, k) => {
    const mean = sum(activations[k]!) / images.length;
    return `${String(iteration).padStart(9)}  ${mean.toFixed(2).padStart(19)}  ${String(level).padStart(13)}`;
  });
  return ["Iteration  Activation Strength  Pyramid Level", ...rows];
}

function sum(values: Iterable<number>): number {
  return [...values].reduce((total, value) => total + value, 0);
}

function perPlane(
  data: Float32Array,
  scale: readonly number[],
  convert: (value: number, scale: number) => number,
): Float32Array {
  const pixels = data.length / scale.length;
  return data.map((value, i) => convert(value, scale[Math.floor(i / pixels)]!));
}
