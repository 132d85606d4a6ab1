import { expect } from "vitest";

import { layerTable } from "../../lib/networks/layers.ts";
import { decodeModel } from "../../lib/onnx/decode.ts";
import { encodeModel } from "../../lib/onnx/encode.ts";
import type { Graph } from "../../lib/onnx/model.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import { floatTensor, intsTensor, type Tensor, toNumbers } from "../../lib/onnx/tensor.ts";
import { type LayerPass, layerPass, shapeMismatch } from "../../lib/optvis/graph/layer-pass.ts";
import { node, sketch, writeModel } from "./onnx-writer.ts";
import { runModel } from "./operator-oracle.ts";
import { normal } from "./random.ts";

/** Nodes, and of their layers those that take three images at once. */
export type Batched = readonly [nodes: Graph["nodes"], layers: readonly string[]];

/** Of an image; a batch of three is as long as its channels, which may take it for them. */
const PLACES = [3, 4, 6] as const;
const IMAGES = [1, 2, 3].map((seed) => normal([1, ...PLACES], seed));

/** Two windows of each image, one above the other. */
export const halves = [
  node("Reshape", "image cut", "cutUp"),
  node("Transpose", "cutUp", "apart", { perm: [0, 2, 1, 3, 4] }),
  node("Reshape", "apart windows", "tiles"),
];
/** Four of them. */
export const quarters = [
  node("Reshape", "image quarters", "cutUp"),
  node("Transpose", "cutUp", "apart", { perm: [0, 2, 4, 1, 3, 5] }),
  node("Reshape", "apart windows4", "tiles"),
  node("Tanh", "tiles", "curved"),
];
/** Images of the batch: in a list, and as a number. */
export const length = [
  node("Shape", "image", "lengths"),
  node("Gather", "lengths zero", "one"),
  node("Squeeze", "one", "count"),
];
/** Of these a network has those that it reads. */
const INITIALIZERS: Readonly<Record<string, Tensor>> = {
  cut: intsTensor([1, 3, 2, 2, 6]),
  windows: intsTensor([-1, 3, 2, 6]),
  quarters: intsTensor([1, 3, 2, 2, 2, 3]),
  windows4: intsTensor([-1, 3, 2, 3]),
  zero: intsTensor([0]),
  last: intsTensor([-1]),
  end: intsTensor([1000]),
  beforeFirst: intsTensor([-1000]),
  two: intsTensor([2]),
  ends: intsTensor([2, 3]),
  twice: intsTensor([2, 1, 1, 1]),
  none: { ...intsTensor([0]), shape: [] },
  each: { ...intsTensor([1]), shape: [] },
  shifted: intsTensor([1, 0, 0, 0, -1, 0, 0, 0]),
  first: { ...intsTensor([0]), shape: [1, 1] },
  update: normal([1, 4, 6, 1], 4),
  second: intsTensor([1]),
  extra: normal([1, ...PLACES], 5),
  lines: intsTensor([24, 3]),
  apartAgain: intsTensor([24, 1, 3]),
  places: intsTensor([3, 2]),
  sameTwice: intsTensor([0, 0]),
  linesOfPlanes: intsTensor([-1, 6]),
  overlapping: intsTensor([0, 4, 8].flatMap((top) => [0, 1, 1, 2, 2, 3].map((i) => top + i))),
  pairsOfLines: intsTensor([1, 9, 2, 6]),
  placesAgain: intsTensor([2, 1, 3]),
  scale: normal([3], 6),
  mixing: normal([3, 3], 7),
  upright: normal([3, 3, 3, 1], 9),
  behind: intsTensor([1, 2, 3]),
  planes: normal([1, 1, 4, 6], 8),
  leading: intsTensor([3, -1, 6]),
  half: floatTensor([], [0.5]),
  scales: floatTensor([4], [2, 1, 1, 1]),
  wider: intsTensor([1, 6, 4, 6]),
  flat: intsTensor([-1, 3, 24]),
  line: intsTensor([-1, 72]),
};

async function outputOf(pass: LayerPass, image: Tensor): Promise<readonly number[]> {
  const graph = {
    ...sketch({
      inputs: { [pass.input]: pass.imageShape },
      nodes: pass.nodes,
      outputs: [pass.layer],
    }),
    initializers: pass.initializers,
  };
  return toNumbers((await runModel(encodeModel(graph), { [pass.input]: image }))[pass.layer]!);
}

/**
 * Asserts which layers take three images at once, and that each image is then what it is alone.
 */
export async function checkBatch([nodes, wanted]: Batched): Promise<void> {
  const outputs = [...new Set(nodes.flatMap((each) => each.outputs))];
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  const initializers = Object.fromEntries(
    Object.entries(INITIALIZERS).filter(([name]) => read.has(name)),
  );
  const inputs = { image: [1, ...PLACES] };
  const bytes = writeModel(sketch({ inputs, nodes, outputs: outputs.slice(-1), initializers }), 18);
  const model = decodeModel(bytes);
  const table = layerTable(model, specialise(model, [1, ...PLACES])).slice(1);
  const taken = table.filter((layer) => shapeMismatch(model, layer, [3, ...PLACES]) === null);
  expect(taken.map(({ value }) => value)).toEqual(wanted);

  const all = floatTensor(
    [3, ...PLACES],
    IMAGES.flatMap(({ data }) => [...data]),
  );
  for (const layer of taken) {
    const together = await outputOf(layerPass(model, layer, [3, ...PLACES]), all);
    const alone = await Promise.all(
      IMAGES.map((image) => outputOf(layerPass(model, layer, [1, ...PLACES]), image)),
    );
    const off = alone.flat().map((x, i) => Math.abs(x - together[i]!));
    expect(together).toHaveLength(off.length);
    expect({ layer: layer.value, isAlike: Math.max(...off) < 1e-5 }).toEqual({
      layer: layer.value,
      isAlike: true,
    });
  }
}
