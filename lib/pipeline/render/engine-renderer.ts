import { type Planar, type Raster, toPlanar } from "../../image/raster.ts";
import type { NetworkInput } from "../../networks/manifest.ts";
import type { ChannelDream, DreamHooks, Planes, Start } from "../../optvis/ascent/task.ts";
import { DreamEngine } from "../../optvis/ascent/engine.ts";
import { planLevels } from "../../optvis/ascent/plan-levels.ts";
import { analyseNetwork } from "../networks/analyse-network.ts";
import type { RenderedChannel, Renderer, RenderHooks, RenderTask } from "./renderer.ts";

/** The renderer of production: the ascent inside ONNX Runtime, on this machine. */
export function createEngineRenderer(options: { readonly threads?: number } = {}): Renderer {
  const engine = new DreamEngine(options);
  return {
    render: (task, hooks = {}) => render(engine, task, hooks),
    close: () => engine.close(),
  };
}

async function render(
  engine: DreamEngine,
  task: RenderTask,
  hooks: RenderHooks,
): Promise<readonly RenderedChannel[]> {
  const { model, layers } = await analyseNetwork(task.network);
  const layer = layers[task.layer - 1];
  if (!layer) throw new Error(`internal: there is no layer ${task.layer}`);
  const { input } = task.network.manifest;
  const { seed, initialImage, pyramidLevels, pyramidScale } = task;
  const size = initialImage ?? model.inputSize;
  const start: Start = initialImage
    ? { kind: "photograph", seed, image: toNetworkPlanes(initialImage, input) }
    : { kind: "noise", seed };

  const toRendered = (dream: ChannelDream): RenderedChannel => {
    const channel = dream.channel + 1;
    if (dream.kind === "failed") return { ...dream, channel };
    const { image, trace, seconds, restarts } = dream;
    const planar = toColourPlanes(image, input, initialImage ? "pixels" : "centred");
    const facts = { trace, seconds, restarts, provider: task.provider, seed: seed + restarts };
    return { kind: "image", channel, image: planar, ...facts };
  };
  const { signal, onProgress, onChannel } = hooks;
  const dreamHooks: DreamHooks = {
    ...(signal && { signal }),
    ...(onProgress && {
      onProgress: (progress) => onProgress({ ...progress, channel: progress.channel + 1 }),
    }),
    ...(onChannel && { onChannel: (dream) => onChannel(toRendered(dream)) }),
  };
  const dreams = await engine.dream(
    {
      network: model,
      layer,
      channels: task.channels.map((channel) => channel - 1),
      levels: planLevels(model, layer, { size, pyramidLevels, pyramidScale }),
      objective: task.objective,
      iterations: task.numIterations,
      start,
      provider: task.provider,
    },
    dreamHooks,
  );
  return dreams.map(toRendered);
}

/** Which colour (0 red, 1 green, 2 blue) each of the network's planes is. */
function colourOfPlane({ channelOrder }: NetworkInput): readonly [number, number, number] {
  return channelOrder === "RGB" ? [0, 1, 2] : [2, 1, 0];
}

/** Pixels less the network's mean, planes in the network's order; the scale is the graph's concern. */
export function toNetworkPlanes(image: Raster, input: NetworkInput): Planes {
  const { width, height, data } = toPlanar(image);
  const pixels = width * height;
  const planes = new Float32Array(data.length);
  colourOfPlane(input).forEach((colour, plane) => {
    const mean = input.mean[plane]!;
    for (let i = 0; i < pixels; i++) planes[plane * pixels + i] = data[colour * pixels + i]! - mean;
  });
  return { width, height, data: planes };
}

/**
 * The network's planes as red, green and blue. An ascent that began with noise stays centred on
 * zero, where noise has no colour; one that began with a photograph gets the mean back.
 */
export function toColourPlanes(
  { width, height, data }: Planes,
  input: NetworkInput,
  unit: "centred" | "pixels",
): Planar {
  const pixels = width * height;
  const colours = new Float32Array(data.length);
  colourOfPlane(input).forEach((colour, plane) => {
    const mean = unit === "pixels" ? input.mean[plane]! : 0;
    for (let i = 0; i < pixels; i++) {
      colours[colour * pixels + i] = data[plane * pixels + i]! + mean;
    }
  });
  return { width, height, data: colours };
}
