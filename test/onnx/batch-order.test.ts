import { expect, test } from "vitest";

import { layerTable } from "../../lib/networks/layers.ts";
import { decodeModel } from "../../lib/onnx/decode.ts";
import { encodeModel } from "../../lib/onnx/encode.ts";
import type { Graph } from "../../lib/onnx/model.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import { floatTensor, intsTensor, type Tensor, toNumbers } from "../../lib/onnx/tensor.ts";
import { type LayerPass, layerPass, shapeMismatch } from "../../lib/optvis/graph/layer-pass.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { runModel } from "../support/operator-oracle.ts";
import { normal } from "../support/random.ts";

/** Of an image; a batch of three is as long as its channels, which may take it for them. */
const PLACES = [3, 4, 6] as const;
const IMAGES = [1, 2, 3].map((seed) => normal([1, ...PLACES], seed));

const halves = [
  node("Reshape", "image cut", "cutUp"),
  node("Transpose", "cutUp", "apart", { perm: [0, 2, 1, 3, 4] }),
  node("Reshape", "apart windows", "tiles"),
];
const quarters = [
  node("Reshape", "image quarters", "cutUp"),
  node("Transpose", "cutUp", "apart", { perm: [0, 2, 4, 1, 3, 5] }),
  node("Reshape", "apart windows4", "tiles"),
  node("Tanh", "tiles", "curved"),
];
const length = [
  node("Shape", "image", "lengths"),
  node("Gather", "lengths zero", "one"),
  node("Squeeze", "one", "count"),
];
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
};

/** Nodes, and of their layers those that take three images at once. */
const networks: Readonly<Record<string, readonly [Graph["nodes"], readonly string[]]>> = {
  "turned about": [
    [
      node("Slice", "image last beforeFirst zero last", "flipped"),
      node("Tanh", "flipped", "curved"),
      node("Sin", "image", "other"),
      node("Add", "other flipped", "sum"),
    ],
    ["other"],
  ],
  "windows, split twice": [
    [
      ...quarters,
      node("Split", "curved", "upper lower", { num_outputs: 2 }),
      node("Split", "upper", "left right", { num_outputs: 2 }),
      node("Sub", "left right", "difference"),
    ],
    ["apart", "curved"],
  ],
  "every other of joined ones": [
    [
      node("Tile", "image twice", "joined"),
      node("Slice", "joined zero end zero two", "odd"),
      node("Split", "joined", "one same", { num_outputs: 2 }),
      node("Tanh", "one", "curved"),
    ],
    ["one", "curved"],
  ],
  "windows beside whole images": [
    [
      ...halves,
      node("Concat", "image image", "joined", { axis: 0 }),
      node("ReduceMean", "joined ends", "means"),
      node("Add", "tiles means", "both"),
      node("Split", "both", "one other", { num_outputs: 2 }),
      node("Sub", "one other", "difference"),
    ],
    ["apart"],
  ],
  "a sum, a shift, a shape and the largest of all": [
    [
      node("CumSum", "image none", "sums"),
      node("Pad", "image shifted", "next"),
      node("TopK", "image second", "largest which", { axis: 0 }),
      node("Hardmax", "image", "hard", { axis: 0 }),
      node("CumSum", "image each", "ofChannels"),
    ],
    ["ofChannels"],
  ],
  "as waves over all, and over what is behind them": [
    [
      node("Unsqueeze", "image last", "parts"),
      node("DFT", "parts", "waves", { axis: 0 }),
      node("DFT", "parts", "wavesOfRows", { axis: 2 }),
    ],
    ["wavesOfRows"],
  ],
  "planes taken for channels": [
    [
      node("ReduceMean", "image second", "mean", { keepdims: 0 }),
      node("Sub", "image mean", "centred"),
      node("ReduceMean", "image second", "kept"),
      node("Sub", "image kept", "difference"),
    ],
    ["mean", "kept", "difference"],
  ],
  "behind the channels": [
    [
      node("Transpose", "image", "turned", { perm: [2, 1, 0, 3] }),
      node("MaxPool", "turned", "pooled", { kernel_shape: [3, 1], pads: [1, 0, 1, 0] }),
      node("Transpose", "pooled", "back", { perm: [2, 1, 0, 3] }),
      node("Transpose", "turned", "again", { perm: [2, 1, 0, 3] }),
    ],
    ["turned", "again"],
  ],
  "counted, and taken so": [
    [
      ...length,
      node("Range", "none count each", "numbers"),
      node("Gather", "image numbers", "same"),
      node("Tanh", "same", "curved"),
    ],
    ["same", "curved"],
  ],
  "scattered over all": [
    [
      node("Shape", "image", "lengths"),
      node("ConstantOfShape", "lengths", "zeros", { value: { tensor: intsTensor([0]) } }),
      node("Sin", "image", "other"),
      node("ScatterElements", "image zeros other", "replaced", { axis: 0 }),
      node("Tanh", "replaced", "curved"),
    ],
    ["other"],
  ],
  "taken from where each image says": [
    [
      node("ReduceMean", "image ends", "mean", { keepdims: 0 }),
      node("ArgMax", "mean", "strongest", { axis: 1, keepdims: 0 }),
      node("Sub", "strongest strongest", "nothing"),
      node("Gather", "image nothing", "taken"),
      node("Unsqueeze", "nothing last", "tuples"),
      node("GatherND", "image tuples", "found"),
      node("Add", "taken found", "both"),
    ],
    ["mean"],
  ],
  "replaced by what is made for one": [
    [
      node("Transpose", "image", "turned", { perm: [1, 2, 3, 0] }),
      node("ScatterND", "turned first update", "replaced"),
      node("Transpose", "replaced", "back", { perm: [3, 0, 1, 2] }),
    ],
    ["turned"],
  ],
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

test.each(Object.entries(networks))("%s: no image is mixed with another", async (_, made) => {
  const [nodes, wanted] = made;
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
});
