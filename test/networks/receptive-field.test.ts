import { describe, expect, test } from "vitest";

import { receptiveFields } from "../../lib/networks/receptive-field.ts";
import type { Node } from "../../lib/onnx/model.ts";
import { floatTensor, intsTensor, type Tensor } from "../../lib/onnx/tensor.ts";
import { node } from "../support/onnx-writer.ts";
import { normal, uniform } from "../support/random.ts";
import { type Along, compared, fieldsOfY, fixed, IMAGE } from "../support/receptive-field.ts";

const [, PLANES, ROWS, COLUMNS] = IMAGE;

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
      node("Sin", "b", "c"),
      node("Conv", "c w2", "y", { strides: [1, 2], auto_pad: "SAME_LOWER" }),
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
    "a transposed convolution, its only channel reshaped behind the places, as Keras does",
    [
      node("Conv", "x w", "a", { strides: [2, 2] }),
      node("ConvTranspose", "a w2t", "b", { strides: [1, 1], pads: [1, 0, 0, 1] }),
      node("Reshape", "b last", "y"),
    ],
    { w2t: POSITIVE([3, 1, 3, 2], 7), last: intsTensor([1, 9, 11, 1]) },
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

const CORNERS = { coordinate_transformation_mode: "align_corners" };

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
    "shrunk between its corners by a cubic kernel",
    [node("Conv", "x w", "a"), node("Resize", "a _ _ sizes", "y", { mode: "cubic", ...CORNERS })],
    { sizes: intsTensor([1, 3, 4, 7]) },
  ],
  [
    "shrunk to pixels at their first corners",
    [
      node("Conv", "x w", "a"),
      node("Resize", "a _ _ sizes", "y", {
        coordinate_transformation_mode: "asymmetric",
        nearest_mode: "floor",
      }),
    ],
    { sizes: intsTensor([1, 3, 4, 5]) },
  ],
  [
    "enlarged between its corners beside what was not",
    [
      node("Conv", "x w", "a"),
      node("MaxPool", "a", "b", { kernel_shape: [3, 3], strides: [3, 3] }),
      node("Resize", "b _ _ sizes", "c", { mode: "linear", ...CORNERS }),
      node("Add", "a c", "y"),
    ],
    { sizes: intsTensor([1, 3, 15, 21]) },
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
  const EVEN = {
    none: intsTensor([0]),
    even: intsTensor([16]),
    rows: intsTensor([2]),
    split: intsTensor([1, PLANES, 8, 2, COLUMNS / 2, 2]),
    whole: intsTensor([1, 4 * PLANES, 8, COLUMNS / 2]),
  };
  const even = node("Slice", "x none even rows", "a");
  const window = { strides: [2, 2] };
  const toDepth = [even, node("SpaceToDepth", "a", "y", { blocksize: 2 })];
  const convolved = [even, node("Conv", "a w", "y", window)];
  const written = [
    even,
    node("Reshape", "a split", "b"),
    node("Transpose", "b", "c", { perm: [0, 1, 3, 5, 2, 4] }),
    node("Reshape", "c whole", "y"),
  ];
  for (const each of [toDepth, written]) {
    expect(fieldOf(each, [1])).toEqual(fieldOf(convolved, [3, PLANES, 2, 2]));
  }
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
    const rows = { imageAxis: "rows", stride: 1, start: 0, size: 3, isEverywhere: false };
    expect(gated.get("y")![2]).toEqual(rows);
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
      { imageAxis: "columns", stride: 1, start: 0, size: 2, isEverywhere: false },
    ]);
  });

  test("nor do those that a Slice turns round; added to what lies there, they look everywhere", () => {
    const range = { last: intsTensor([-1]), end: intsTensor([-99]), columns: intsTensor([3]) };
    const [{ each: rows }, { each, wanted }] = fieldsOfY(
      fixed(
        [
          node("Conv", "x w", "a"),
          node("Slice", "a last end columns last", "b"),
          node("Add", "a b", "y"),
        ],
        { ...WEIGHTS, ...range },
      ),
    ) as [Along, Along];
    expect(compared(each, wanted).beyond).toBe(COLUMNS - 2);
    expect(each).toEqual({ ...rows, imageAxis: "columns", size: 2, isEverywhere: true });
    expect(rows.isEverywhere).toBe(false);
  });

  test("channels that are parted into groups for a norm lie where they lay", () => {
    const grouped = receptiveFields(
      fixed(
        [
          node("Conv", "x w", "a"),
          node("Reshape", "a groups", "b"),
          node("InstanceNormalization", "b one one", "c"),
          node("Reshape", "c whole", "y"),
        ],
        {
          ...WEIGHTS,
          groups: intsTensor([1, 1, -1]),
          whole: intsTensor([1, 3, 15, 21]),
          one: floatTensor([1], [1]),
        },
      ),
    );
    expect(grouped.get("c")).toEqual([null, null, null]);
    expect(grouped.get("y")).toEqual(grouped.get("a"));
  });

  test("a mask over places, a mean of channels, is of those places", () => {
    const masked = receptiveFields(
      fixed(
        [
          node("Conv", "x w", "a"),
          node("ReduceMean", "a channels", "b", { keepdims: 0 }),
          node("Unsqueeze", "b channels", "c"),
          node("Conv", "c mask", "d", { pads: [1, 1, 1, 1] }),
          node("Mul", "a d", "y"),
        ],
        { ...WEIGHTS, channels: intsTensor([1]), mask: POSITIVE([1, 1, 3, 3], 11) },
      ),
    );
    expect(masked.get("y")).toEqual(masked.get("d")!);
    expect(masked.get("d")![3]).toMatchObject({ start: -1, size: 4, isEverywhere: false });
  });
});
