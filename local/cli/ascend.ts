import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { Command } from "commander";

import type { Provider } from "../../lib/autodiff/rule.ts";
import { decodeNpy, encodeNpy } from "../../lib/image/npy.ts";
import type { Size } from "../../lib/image/raster.ts";
import { sizeOf } from "../../lib/onnx/tensor.ts";
import type { ChannelDream, Planes } from "../../lib/optvis/deep-dream.ts";
import { DreamEngine } from "../../lib/optvis/engine.ts";
import type { Objective } from "../../lib/optvis/objectives.ts";
import { planLevels } from "../../lib/optvis/plan-levels.ts";
import { standardNormal, uniformFrom } from "../../lib/optvis/random.ts";
import { layerByReference, openForCommand } from "./network.ts";
import {
  layerOption,
  networkOption,
  objectiveOption,
  providerOption,
  wholeNumber,
} from "./options.ts";
import { note, print, progressBar } from "./terminal.ts";
import { UsageError } from "./user-errors.ts";

interface AscendFlags {
  readonly network: string;
  readonly layer: string;
  readonly channels: readonly string[];
  readonly objective: Objective;
  readonly iterations: number;
  readonly levels: number;
  readonly scale: number;
  readonly init?: string;
  readonly provider: Provider;
  readonly threads?: number;
  readonly out: string;
}

/** `dreamgrid ascend`: one raw run, with nothing random, for checks from outside. */
export function ascendCommand(): Command {
  return new Command("ascend")
    .description("run one ascent as it is, without random shifts, and write its numbers")
    .addOption(networkOption())
    .addOption(layerOption())
    .requiredOption("--channels <channels...>", "1-based indices and ranges: 1 2 5, 1:36")
    .addOption(objectiveOption("rectified"))
    .option("--iterations <count>", "iterations per pyramid level", wholeNumber(1, 100_000), 10)
    .option("--levels <count>", "pyramid levels", wholeNumber(1, 10), 1)
    .option("--scale <factor>", "scale between levels", Number, 1.4)
    .option(
      "--init <file.npy>",
      "initial images, float32 [N,3,H,W] (default: standard-normal noise)",
    )
    .addOption(providerOption())
    .option("--threads <count>", "worker threads (default: one per core)", wholeNumber(1, 1024))
    .requiredOption("--out <folder>", "where image.npy and activation.npy go")
    .addHelpText(
      "after",
      `
Writes image.npy [N,3,H,W] in network input units and activation.npy [iterations of all levels, N].`,
    )
    .action(ascend);
}

async function ascend(flags: AscendFlags): Promise<void> {
  if (!(flags.scale > 1)) throw new UsageError(`--scale must be above 1, got ${flags.scale}`);
  const { model, layers } = await openForCommand(flags.network);
  const layer = layerByReference(layers, flags.layer);
  const channels = channelNumbers(flags.channels, layer);
  const images = flags.init
    ? await readImages(flags.init, channels.length, model.scale)
    : noiseImages(channels.length, model.inputSize);
  await mkdir(flags.out, { recursive: true });

  const engine = new DreamEngine(flags.threads === undefined ? {} : { threads: flags.threads });
  const bar = progressBar(`ascending ${layer.name}`);
  const latest = new Map<number, number>();
  const total = channels.length * flags.levels * flags.iterations;
  const levels = planLevels(model, layer, {
    size: images[0]!,
    pyramidLevels: flags.levels,
    pyramidScale: flags.scale,
    overlap: "none",
  });
  const dreams = await engine.dream(
    {
      network: model,
      layer,
      channels: channels.map((channel) => channel - 1),
      levels,
      objective: flags.objective,
      iterations: flags.iterations,
      start: { kind: "given", images },
      provider: flags.provider,
    },
    {
      onProgress: ({ channel, level, iteration }) => {
        latest.set(channel, (level - 1) * flags.iterations + iteration);
        bar.show(
          [...latest.values()].reduce((sum, done) => sum + done, 0),
          total,
        );
      },
    },
  );
  bar.end();
  await engine.close();
  await writeResults(dreams, { scale: model.scale, folder: flags.out });
}

/** "5", "1:36" and "1,2,5" as 1-based channels; one may be named twice, to start from two images. */
function channelNumbers(
  written: readonly string[],
  layer: { readonly name: string; readonly channels: number | null },
): readonly number[] {
  const count = layer.channels ?? 0;
  return written
    .flatMap((part) => part.split(","))
    .flatMap((part) => {
      const [first, last = first] = /^(\d+)(?::(\d+))?$/.exec(part)?.slice(1).map(Number) ?? [];
      const end = Number.isNaN(last) ? first : last;
      if (!first || !end || end < first || end > count) {
        throw new UsageError(
          `channel '${part}': want indices or ranges like 1:36, from 1 to ${count}, of layer '${layer.name}'`,
        );
      }
      return Array.from({ length: end - first + 1 }, (_, i) => first + i);
    });
}

/** Network input units to centred pixels. */
async function readImages(
  path: string,
  count: number,
  scale: readonly number[],
): Promise<readonly Planes[]> {
  const { shape, data } = decodeNpy(await readFile(path));
  const [n = 0, colours, height = 0, width = 0] = shape;
  if (shape.length !== 4 || colours !== 3 || n !== count || data.length === 0) {
    throw new UsageError(
      `${path}: holds [${shape.join(", ")}], want [${count}, 3, H, W], one image per channel`,
    );
  }
  if (!data.every(Number.isFinite))
    throw new UsageError(`${path}: holds values that are not finite`);
  const pixels = sizeOf(shape.slice(1));
  return Array.from({ length: n }, (_, i) => ({
    height,
    width,
    data: perColour(data.subarray(i * pixels, (i + 1) * pixels), scale, (value, s) => value / s),
  }));
}

function noiseImages(count: number, size: Size): readonly Planes[] {
  return Array.from({ length: count }, (_, i) => ({
    ...size,
    data: standardNormal(3 * size.height * size.width, uniformFrom("ascend", i)),
  }));
}

async function writeResults(
  dreams: readonly ChannelDream[],
  { scale, folder }: { readonly scale: readonly number[]; readonly folder: string },
): Promise<void> {
  const images = dreams.map((dream) => {
    if (dream.kind === "image") return dream;
    throw new UsageError(`channel ${dream.channel + 1}: ${dream.reason}`);
  });
  const { height, width } = images[0]!.image;
  const pixels = images.flatMap(({ image }) => [
    ...perColour(image.data, scale, (value, s) => value * s),
  ]);
  const steps = images[0]!.trace.length;
  const activations = Array.from({ length: steps }, (_, k) =>
    images.map(({ trace }) => trace[k]!.activation),
  );
  await writeNpy(join(folder, "image.npy"), [images.length, 3, height, width], pixels);
  await writeNpy(join(folder, "activation.npy"), [steps, images.length], activations.flat());

  print("Iteration  Activation Strength  Pyramid Level");
  images[0]!.trace.forEach(({ iteration, level }, k) => {
    const mean = activations[k]!.reduce((sum, value) => sum + value, 0) / images.length;
    print(
      `${String(iteration).padStart(9)}  ${mean.toFixed(2).padStart(19)}  ${String(level).padStart(13)}`,
    );
  });
  note(`${folder}: image.npy and activation.npy`);
}

async function writeNpy(path: string, shape: readonly number[], values: readonly number[]) {
  await writeFile(`${path}.part`, encodeNpy(shape, Float32Array.from(values)));
  await rename(`${path}.part`, path);
}

function perColour(
  planes: Float32Array,
  scale: readonly number[],
  convert: (value: number, scale: number) => number,
): Float32Array {
  const pixels = planes.length / 3;
  return planes.map((value, i) => convert(value, scale[Math.floor(i / pixels)]!));
}
