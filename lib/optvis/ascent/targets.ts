import { resizeBilinear } from "../../image/resize.ts";
import { type FloatTensor, floatTensor, sizeOf } from "../../onnx/tensor.ts";
import { isOnMap, type Objective } from "../graph/objective/names.ts";
import type { AscentState } from "./state.ts";
import { type Aim, pixelAt, type Target } from "./target.ts";
import { type AscentTask, channelPlace } from "./task.ts";

/** What a number of the task stands for: a channel of the layer, or one of the task's targets. */
export function targetOf({ targets }: AscentTask, number: number): Target {
  if (!targets) {
    const weights = new Map([[number, 1]]);
    const aim = { kind: "channels", weights, place: null } as const;
    return { drawnAs: channelPlace(number), aim, among: null };
  }
  const target = targets[number - 1];
  if (!target) throw new Error(`internal: there is no target ${number}`);
  return target;
}

/** Whether what a target points along is zero, as what a ReLU makes of an even picture may be. */
export function pointsNowhere({ aim }: Target): boolean {
  return aim.kind === "direction" && aim.vector.data.every((value) => value === 0);
}

/** What the graph of a target raises. @param onMap what is raised of a map */
export function objectiveOf(aim: Aim, onMap: Objective): Objective {
  if (aim.kind === "layer") return "layer";
  if (aim.kind === "direction") return { kind: "direction", cosinePower: aim.cosinePower };
  return aim.place ? "neuron" : onMap;
}

/**
 * The weights that each image's target has for the layer, [N, C] or [N, C, ...] as the objective
 * wants them. Where the recipe asks for contrast, the same share of every channel is taken off, of
 * joined layers each layer's own.
 *
 * @param mapShape emits the layer's shape behind the batch, [C, ...], of what the network sees
 */
export function selectionOf(
  states: readonly AscentState[],
  task: AscentTask,
  mapShape: () => readonly number[],
): FloatTensor {
  const { objective, layer } = task;
  const isWhole = isOnMap(objective) || objective === "layer";
  const shape = isWhole ? [layer.channels] : mapShape();
  const contrast = task.method === "fourier" && isOnMap(objective) ? task.recipe.contrast : 0;
  const size = sizeOf(shape);
  const taken = new Float32Array(size);
  let first = 0;
  for (const { channels } of layer.joined ?? [layer]) {
    taken.fill(0 - contrast / channels, first, (first += channels));
  }
  const rows = new Float32Array(states.length * size);
  states.forEach(({ channel }, i) => {
    rows.set(taken, i * size);
    addWeights(rows.subarray(i * size, (i + 1) * size), targetOf(task, channel).aim, shape);
  });
  return floatTensor([states.length, ...shape], rows);
}

/** @param row zeros, or what contrast takes off; of `shape` [C, ...] */
function addWeights(row: Float32Array, aim: Aim, shape: readonly number[]): void {
  if (aim.kind === "layer") {
    row.fill(1);
  } else if (aim.kind === "direction") {
    row.set(fitted(aim.vector, shape));
  } else {
    const [, ...spatial] = shape;
    const pixels = sizeOf(spatial);
    const [height = 1, width = 1] = spatial;
    const at = aim.place ? pixelAt(aim.place, [height, width]) : 0;
    for (const [channel, weight] of aim.weights) {
      row[channelPlace(channel) * pixels + at]! += weight;
    }
  }
}

/** A direction at each place of a map of `shape`. */
function fitted({ shape: from, data }: FloatTensor, shape: readonly number[]): Float32Array {
  const [channels = 1, ...spatial] = shape;
  if (from.join() === shape.join()) return data;
  const pixels = sizeOf(spatial);
  if (from.length === 1) {
    return Float32Array.from(
      { length: channels * pixels },
      (_, i) => data[Math.floor(i / pixels)]!,
    );
  }
  return resized(data, from, shape);
}

/** Linear along each axis behind the channels, along the last two of them at once. */
function resized(
  data: Float32Array,
  [channels = 1, ...from]: readonly number[],
  [, ...to]: readonly number[],
): Float32Array {
  const [height = 1, width = 1] = to.slice(-2);
  const [fromHeight = 1, fromWidth = 1] = from.slice(-2);
  const before = from.slice(0, -2);
  const planes = channels * sizeOf(before);
  let values = resizeBilinear(data, [planes, fromHeight, fromWidth], { height, width });
  before.forEach((length, axis) => {
    const outer = channels * sizeOf(to.slice(0, axis));
    const inner = sizeOf(from.slice(axis + 1, -2)) * height * width;
    values = resizeBilinear(values, [outer, length, inner], { height: to[axis]!, width: inner });
  });
  return values;
}
