import { describe, expect, test } from "vitest";

import { type AxisField, receptiveFields } from "../../lib/networks/receptive-field.ts";
import { decodeModel } from "../../lib/onnx/decode.ts";
import type { Node } from "../../lib/onnx/model.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import { floatTensor, intsTensor, type Tensor } from "../../lib/onnx/tensor.ts";
import { Interpreter64 } from "../support/float64/interpreter.ts";
import type { Tensor64 } from "../support/float64/tensor64.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { normal, uniform } from "../support/random.ts";

/** The image, [N, C, rows, columns]. */
const IMAGE = [1, 2, 17, 22] as const;
const [, PLANES, ROWS, COLUMNS] = IMAGE;
const PIXELS = { rows: ROWS, columns: COLUMNS };

/** Of a network of an image x, whose last value is y. */
function fixed(nodes: readonly Node[], initializers: Readonly<Record<string, Tensor>>) {
  const graph = sketch({ inputs: { x: [...IMAGE] }, nodes, outputs: ["y"], initializers });
  return specialise(decodeModel(writeModel(graph, 18)), [...IMAGE]);
}

type Graph = ReturnType<typeof fixed>;

/** Of positions along an axis, which pixels of the image each depends on. */
type Pixels = ReadonlyMap<number, ReadonlySet<number>>;

/** Which rows (or columns) of the image the positions along an axis of y change with. */
function influences(graph: Graph, axis: number, imageAxis: AxisField["imageAxis"]): Pixels {
  const interpreter = new Interpreter64(graph);
  const run = (data: Float64Array) => interpreter.run(data, new Set(["y"])).get("y")!;
  const found = new Map<number, Set<number>>();
  // maxima are of one of their window: another image has another
  for (const seed of [1, 2, 3]) {
    const image = Float64Array.from(uniform(IMAGE, seed, [0.5, 1.5]).data);
    const before = run(image);
    for (let r = 0; r < PIXELS[imageAxis]; r++) {
      const moved = image.map((value, i) => {
        const at = imageAxis === "rows" ? Math.floor(i / COLUMNS) % ROWS : i % COLUMNS;
        return at === r ? 3 * value + 0.1 : value;
      });
      for (const p of changedAlong(before, run(moved), axis)) {
        found.set(p, (found.get(p) ?? new Set()).add(r));
      }
    }
  }
  return found;
}

function changedAlong(before: Tensor64, after: Tensor64, axis: number): ReadonlySet<number> {
  const { shape, data } = before;
  const stride = shape.slice(axis + 1).reduce((size, length) => size * length, 1);
  const changed = [...data.keys()].filter((i) => Math.abs(data[i]! - after.data[i]!) > 1e-9);
  return new Set(changed.map((i) => Math.floor(i / stride) % shape[axis]!));
}

/** How far what was found lies beyond what a field says, and how often it is as far as that. */
function compared({ start, stride, size, imageAxis }: AxisField, wanted: Pixels) {
  let [beyond, inside, exact, found] = [0, 0, 0, 0];
  for (const [p, pixels] of wanted) {
    const first = start + p * stride;
    const [least, most] = [Math.min(...pixels), Math.max(...pixels)];
    beyond = Math.max(beyond, first - least, most - (first + size - 1));
    found += most - least + 1;
    if (first < 0 || first + size > PIXELS[imageAxis]) continue;
    inside++;
    if (least === first && most === first + size - 1) exact++;
  }
  return { beyond, inside, exact, share: found / (wanted.size * size) };
}

/** Each axis of y that lies along the image. */
function fieldsOfY(graph: Graph) {
  const field = receptiveFields(graph).get("y")!;
  return field.flatMap((each, axis) =>
    each === null ? [] : [{ each, wanted: influences(graph, axis, each.imageAxis) }],
  );
}

const POSITIVE = (shape: readonly number[], seed: number) => uniform(shape, seed, [0.2, 1]);
const WEIGHTS = {
  w: POSITIVE([3, PLANES, 3, 2], 1),
  w2: POSITIVE([4, 3, 2, 3], 2),
  point: POSITIVE([5, PLANES, 1, 1], 3),
};

/** Networks of which each position looks at all that is said, and at nothing else. */
const EXACT: readonly (readonly [string, readonly Node[], Readonly<Record<string, Tensor>>])[] = [
  [
    "convolutions with strides, dilations and pads",
    [
      node("Conv", "x w", "a", { strides: [2, 1], dilations: [1, 3], pads: [1, 2, 0, 1] }),
      node("Relu", "a", "b"),
      node("Conv", "b w2", "y", { strides: [1, 2], auto_pad: "SAME_LOWER" }),
    ],
    {},
  ],
  [
    "pools",
    [
      node("MaxPool", "x", "a", { kernel_shape: [3, 2], strides: [2, 2], ceil_mode: 1 }),
      node("AveragePool", "a", "y", { kernel_shape: [2, 3], pads: [1, 0, 0, 1] }),
    ],
    {},
  ],
  [
    "branches of different reach, joined, added and shuffled",
    [
      node("Conv", "x w", "a", { pads: [1, 0, 1, 1] }),
      node("Conv", "x point", "b"),
      node("Slice", "b none three one", "c"),
      node("Add", "a c", "d"),
      node("Concat", "d b", "e", { axis: 1 }),
      node("Reshape", "e parted", "f"),
      node("Transpose", "f", "g", { perm: [0, 2, 1, 3, 4] }),
      node("Reshape", "g whole", "y"),
    ],
    {
      none: intsTensor([0]),
      three: intsTensor([3]),
      one: intsTensor([1]),
      parted: intsTensor([1, 4, 2, ROWS, COLUMNS]),
      whole: intsTensor([1, 8, ROWS, COLUMNS]),
    },
  ],
  [
    "pads, a cut of places, and channels behind places",
    [
      node("Pad", "x pads", "a"),
      node("Slice", "a starts ends axes steps", "b"),
      node("Conv", "b w", "c"),
      node("Transpose", "c", "d", { perm: [0, 2, 3, 1] }),
      node("MatMul", "d matrix", "y"),
    ],
    {
      pads: intsTensor([0, 0, 2, 1, 0, 0, 0, 3]),
      starts: intsTensor([3, 1]),
      ends: intsTensor([16, 20]),
      axes: intsTensor([2, 3]),
      steps: intsTensor([2, 1]),
      matrix: POSITIVE([3, 4], 5),
    },
  ],
  [
    "a transposed convolution",
    [
      node("Conv", "x w", "a", { strides: [2, 2] }),
      node("ConvTranspose", "a w2t", "y", { strides: [1, 1], pads: [1, 0, 0, 1] }),
    ],
    { w2t: POSITIVE([3, 2, 3, 2], 7) },
  ],
];

describe("each position looks at the pixels that are said, as float64 shows them", () => {
  test.each(EXACT)("%s", (_, nodes, initializers) => {
    const graph = fixed(nodes, { ...WEIGHTS, ...initializers });
    const fields = fieldsOfY(graph);
    expect(fields.map(({ each }) => each.imageAxis)).toEqual(["rows", "columns"]);
    for (const { each, wanted } of fields) {
      const { beyond, inside, exact } = compared(each, wanted);
      expect({ beyond, exact }).toEqual({ beyond: 0, exact: inside });
      expect(inside).toBeGreaterThan(2);
      // the check can fail: a pixel further on, or one less
      const other = { ...each, start: each.start + 1 };
      expect(compared(other, wanted).beyond).toBe(1);
      expect(compared({ ...each, size: each.size - 1 }, wanted).beyond).toBe(1);
    }
  });
});

test.each<[string, readonly Node[], Readonly<Record<string, Tensor>>]>([
  [
    "resized by a fraction",
    [
      node("Conv", "x w", "a", { strides: [3, 2] }),
      node("Resize", "a _ _ sizes", "y", { mode: "linear" }),
    ],
    { sizes: intsTensor([1, 3, 8, 31]) },
  ],
  [
    "enlarged by transposed windows",
    [
      node("Conv", "x w", "a", { strides: [3, 3] }),
      node("ConvTranspose", "a w2t", "y", { strides: [2, 3] }),
    ],
    { w2t: POSITIVE([3, 2, 3, 2], 8) },
  ],
])("what is %s looks at no more than is said, and at most of it", (_, nodes, initializers) => {
  const fields = fieldsOfY(fixed(nodes, { ...WEIGHTS, ...initializers }));
  expect(fields).toHaveLength(2);
  for (const { each, wanted } of fields) {
    const { beyond, share } = compared(each, wanted);
    expect(beyond).toBeLessThanOrEqual(0);
    expect(share).toBeGreaterThan(0.4);
  }
});

test("blocks of places are windows side by side", () => {
  const fieldOf = (nodes: readonly Node[], shape: readonly number[]) =>
    receptiveFields(fixed(nodes, { w: POSITIVE(shape, 4), ...EVEN })).get("y");
  const EVEN = { none: intsTensor([0]), even: intsTensor([16]), rows: intsTensor([2]) };
  const even = node("Slice", "x none even rows", "a");
  const window = { strides: [2, 2] };
  const toDepth = [even, node("SpaceToDepth", "a", "y", { blocksize: 2 })];
  const convolved = [even, node("Conv", "a w", "y", window)];
  expect(fieldOf(toDepth, [1])).toEqual(fieldOf(convolved, [3, PLANES, 2, 2]));
  const reduced = node("Conv", "x w", "b", { strides: [3, 2] });
  const toSpace = [reduced, node("DepthToSpace", "b", "y", { blocksize: 2 })];
  const spread = [reduced, node("ConvTranspose", "b w", "y", window)];
  expect(fieldOf(toSpace, [4, PLANES, 2, 2])).toEqual(fieldOf(spread, [4, PLANES, 2, 2]));
});

describe("axes that do not lie along the image have no field", () => {
  const GATED = [
    node("Conv", "x w", "a"),
    node("GlobalAveragePool", "a", "pooled"),
    node("Conv", "pooled square", "gate"),
    node("Mul", "a gate", "y"),
  ];

  test("channels, classes and tokens have none; gates and what is constant do not count", () => {
    const square = { square: normal([3, 3, 1, 1], 9) };
    const gated = receptiveFields(fixed(GATED, { ...WEIGHTS, ...square }));
    expect(gated.get("pooled")).toEqual([null, null, null, null]);
    expect(gated.get("y")).toEqual(gated.get("a"));
    expect(gated.get("y")![2]).toEqual({ imageAxis: "rows", stride: 1, start: 0, size: 3 });
    const flat = fixed(
      [node("Conv", "x w", "a"), node("Flatten", "a", "b"), node("MatMul", "b m", "y")],
      { ...WEIGHTS, m: normal([3 * 15 * 21, 4], 10) },
    );
    expect(receptiveFields(flat).get("y")).toEqual([null, null]);
    const attention = fixed(
      [
        node("Reshape", "x tokens", "a"),
        node("Transpose", "a", "b", { perm: [0, 2, 1] }),
        node("MatMul", "b a", "y"),
      ],
      { tokens: intsTensor([1, PLANES, ROWS * COLUMNS]), none: floatTensor([], [0]) },
    );
    expect(receptiveFields(attention).get("y")).toEqual([null, null, null]);
  });

  test("places that were turned among themselves do not lie side by side any more", () => {
    const turned = fixed([node("Gather", "x order", "a", { axis: 2 }), node("Conv", "a w", "y")], {
      ...WEIGHTS,
      order: intsTensor(Array.from({ length: ROWS }, (_, i) => ROWS - 1 - i)),
    });
    expect(receptiveFields(turned).get("y")).toEqual([
      null,
      null,
      null,
      { imageAxis: "columns", stride: 1, start: 0, size: 2 },
    ]);
  });
});
