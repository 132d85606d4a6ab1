import { create } from "@bufbuild/protobuf";
import { AttributeProtoSchema, AttributeProto_AttributeType, type ModelProto } from "onnx-buf";

import { encodeModel } from "../../lib/onnx/encode.ts";
import type { Attributes, Graph, Node } from "../../lib/onnx/model.ts";
import { boolScalar, filled, floatTensor, intsTensor, type Tensor } from "../../lib/onnx/tensor.ts";
import { HOSTILE_NAMES } from "./mutants.ts";
import { node, sketch, writeModel } from "./onnx-writer.ts";

/**
 * Small files that ask for much memory or time, or for trust in what a name may be: by name, the
 * bytes and how it must end, with so many layers or in one line that says this.
 */
export const CRAFTED_MODELS: ReadonlyMap<string, readonly [() => Uint8Array, number | RegExp]> =
  new Map<string, readonly [() => Uint8Array, number | RegExp]>([
    ["a MaxPool of 2^31", [() => pool("MaxPool", 2 ** 31, 2 ** 30), 3]],
    ["a MaxPool of 200,001 taps", [() => pool("MaxPool", 200_001, 100_000), 3]],
    ["an AveragePool of 2^31", [() => pool("AveragePool", 2 ** 31, 2 ** 30), 3]],
    [
      "a stride of 2^31",
      [() => layer("MaxPool", { kernel_shape: [2, 2], strides: filled(2, 2 ** 31) }), 3],
    ],
    ["1,500 MaxPools of 15 taps", [() => chain(1_500, maxPool15), 1_502]],
    ["Concats that double 25 times", [doublingConcats, 3]],
    ["2,000 Concats of a million elements", [() => sideChain(2_000, "Concat", "c c"), 2]],
    ["2,000 Expands to a million elements", [() => sideChain(2_000, "Expand", "one million"), 2]],
    ...["Slice", "Reshape", "Gather", "ReduceSum", "Upsample"].map(
      (op): readonly [string, readonly [() => Uint8Array, number | RegExp]] => [
        `2,000 nodes of ${op} that read a million numbers`,
        [() => readers(op), op === "Slice" || op === "Upsample" ? 2_002 : 2],
      ],
    ),
    ["250 BatchNormalizations of 153,600 channels", [wideNormalisations, 252]],
    ["1,000 Cos of a million elements", [cosines, 3]],
    ["an Upsample by 5,000", [() => upsample(5_000), 2]],
    ["an Upsample by a million", [() => upsample(1e6), 2]],
    ["a Sum of 20,000 inputs", [() => model([RELU, node("Sum", "a ".repeat(20_000), "y")]), 3]],
    ["11,000 producers in reverse order", [reversedProducers, 11_002]],
    ["11,000 nodes of one name", [() => chain(11_000, (x, y) => named("Relu", x, y)), 11_002]],
    ["11,000 nodes of plumbing", [() => chain(11_000, (x, y) => named("Identity", x, y)), 2]],
    ["a tensor of 100,000 axes", [deepTensor, /tensor 'w' has 100000 axes, and at most 32 are/]],
    ["a Reshape to 100,000 axes", [() => toManyAxes("Reshape", filled(100_000, 1)), 3]],
    [
      "an Unsqueeze to 100,000 axes",
      [() => toManyAxes("Unsqueeze", [...Array(100_000).keys()]), 3],
    ],
    ["20,000 nodes in branches", [() => conditional(20_000, 2_750_000), /has 14497 or more nodes/]],
    ["branches of 5,500 nodes", [() => conditional(5_500), 4]],
    ["25 branches in each other", [nestedBranches, /65 or more messages inside each other/]],
    [
      "13,000 nodes",
      [() => chain(13_000, (x, y) => named("Relu", x, y)), /at most 12000 are read/],
    ],
    [
      "a list of 1,100,000 numbers as an attribute",
      [() => layer("Transpose", { perm: filled(1_100_000, 1) }), /bytes of numbers in attributes/],
    ],
    ["1,500 nodes of Attention", [attentions, /or more nodes as of opset 18, and at most 12000/]],
    ["an image of 5,000 planes", [() => ofPlanes(5_000), /has 5000 planes, and at most 4096/]],
    ["a million empty messages", [emptyMessages, /180001 or more protobuf messages/]],
    ["a Split into 2^31 parts", [() => layer("Split", { num_outputs: 2 ** 31 }), 3]],
    ["an LRN over 768,000 channels", [wideLrn, 3]],
    ["a MatMul of constants of 10^9 products", [matrixPower, 3]],
    ["200,000 Gathers of one channel", [() => repeatedGather(), 3]],
    ["100,000 attributes", [() => manyAttributes(), 3]],
    ["30,000 outputs of one node", [manyOutputs, 3]],
    ["a tensor where an int belongs", [() => withTensorFor("axis", "Softmax"), 3]],
    ["a tensor where a list belongs", [() => withTensorFor("kernel_shape", "MaxPool"), 3]],
    ["no inputs", [() => model([RELU, ...["Conv", "Reshape", "Clip"].map(withoutInputs)]), 3]],
    ...HOSTILE_NAMES.filter((name) => name !== "").flatMap(
      (name): (readonly [string, readonly [() => Uint8Array, number | RegExp]])[] => {
        const shown = JSON.stringify(name.slice(0, 20));
        return [
          [`an operator called ${shown}`, [() => model([RELU, { ...LAST, op: name }]), 3]],
          [`an attribute called ${shown}`, [() => withAttribute(name), 3]],
          [`a mode called ${shown}`, [() => resizeInMode(name), 3]],
          [`a value called ${shown}`, [() => throughValue(name), 4]],
        ];
      },
    ),
  ]);

const RELU = node("Relu", "image", "a");
const LAST = node("Sigmoid", "a", "y");
const ONE = floatTensor([1], [1]);

function model(
  nodes: readonly Node[],
  initializers: Readonly<Record<string, Tensor>> = {},
  { opset = 18, edit }: { opset?: number; edit?: (model: ModelProto) => void } = {},
): Uint8Array {
  const all = nodes.some(({ outputs }) => outputs.includes("y")) ? nodes : [...nodes, LAST];
  const graph = sketch({ inputs: { image: [1, 3, 16, 16] }, nodes: all, outputs: ["y"] });
  return writeModel({ ...graph, initializers: new Map(Object.entries(initializers)) }, opset, edit);
}

const layer = (op: string, attributes: Attributes) => model([RELU, node(op, "a", "y", attributes)]);

const pool = (op: string, kernel: number, pad: number) =>
  layer(op, { kernel_shape: filled(2, kernel), pads: filled(4, pad) });

const named = (op: string, x: string, y: string): Node => ({ ...node(op, x, y), name: "same" });

const maxPool15 = (x: string, y: string) =>
  node("MaxPool", x, y, { kernel_shape: [15, 15], pads: filled(4, 7) });

/** image -> Relu -> `count` nodes, one after the other. */
function chain(count: number, link: (x: string, y: string) => Node): Uint8Array {
  const links = Array.from({ length: count }, (_, i) =>
    link(i === 0 ? "a" : `v${i}`, i === count - 1 ? "y" : `v${i + 1}`),
  );
  return model([RELU, ...links]);
}

/** Nodes on constants that nothing reads. */
function sideChain(count: number, op: string, inputs: string): Uint8Array {
  const attributes: Attributes = op === "Concat" ? { axis: 0 } : {};
  const nodes = Array.from({ length: count }, (_, i) => node(op, inputs, `c${i}`, attributes));
  const c = floatTensor([500_000], new Float32Array(500_000));
  return model([node("Sigmoid", "image", "y"), ...nodes], {
    c,
    one: ONE,
    million: intsTensor([1e6]),
  });
}

/** Nodes that make little of much, and the image among them. */
function readers(op: string): Uint8Array {
  const inputs = new Map([
    ["Slice", "image many many"],
    ["Reshape", "image many"],
    ["Gather", "many zero"],
    ["ReduceSum", "many"],
    ["Upsample", "image floats"],
  ]).get(op)!;
  const nodes = Array.from({ length: 2_000 }, (_, i) => node(op, inputs, `c${i}`));
  const constants: Readonly<Record<string, Tensor>> = {
    many: { type: "int64", shape: [1e6], data: new BigInt64Array(1e6).fill(1n) },
    zero: intsTensor([0]),
    floats: floatTensor([1e6], new Float32Array(1e6).fill(2)),
  };
  const opset = op === "Upsample" ? 9 : 13;
  return model([node("Sigmoid", "image", "y"), ...nodes], constants, { opset });
}

function wideNormalisations(): Uint8Array {
  const links = Array.from({ length: 250 }, (_, i) =>
    node("BatchNormalization", `v${i} ones ones ones ones`, i === 249 ? "y" : `v${i + 1}`),
  );
  const wide = [node("Expand", "image s", "large"), node("Reshape", "large r", "v0")];
  const ones = floatTensor([153_600], new Float32Array(153_600).fill(1));
  const [s, r] = [intsTensor([200, 3, 16, 16]), intsTensor([1, 153_600, 1, 1])];
  return model([...wide, ...links], { ones, s, r });
}

function doublingConcats(): Uint8Array {
  const concats = Array.from({ length: 25 }, (_, i) =>
    node("Concat", `c${i} c${i}`, `c${i + 1}`, { axis: 0 }),
  );
  const rest = [node("ReduceSum", "c25", "sum"), node("Add", "a sum", "y")];
  return model([RELU, ...concats, ...rest], { c0: floatTensor([32], filled(32, 1)) });
}

function cosines(): Uint8Array {
  const links = Array.from({ length: 1_000 }, (_, i) => node("Cos", `x${i}`, `x${i + 1}`));
  const rest = [node("ReduceMean", "x1000", "mean"), node("Add", "a mean", "y")];
  const constants = { one: ONE, million: intsTensor([1e6]) };
  return model([node("Expand", "one million", "x0"), ...links, RELU, ...rest], constants);
}

function upsample(scale: number): Uint8Array {
  const scales = floatTensor([4], [1, 1, scale, 1]);
  return model([node("Upsample", "image s", "y", { mode: "linear" })], { s: scales }, { opset: 9 });
}

function reversedProducers(): Uint8Array {
  const names = Array.from({ length: 11_000 }, (_, i) => `r${i}`);
  const producers = names.map((name) => node("Relu", "image", name));
  return model([node("Sum", names.join(" "), "y"), ...producers.toReversed()]);
}

/** Of which each becomes some ten nodes of opset 18. */
function attentions(): Uint8Array {
  const heads = { q_num_heads: 4, kv_num_heads: 4 };
  const links = Array.from({ length: 1_500 }, (_, i) =>
    node("Attention", `t${i} t${i} t${i}`, `t${i + 1}`, heads),
  );
  const nodes = [node("Reshape", "image s", "t0"), ...links, node("Relu", "t1500", "y")];
  return model(nodes, { s: intsTensor([1, 12, 64]) }, { opset: 23 });
}

function ofPlanes(planes: number): Uint8Array {
  const nodes = [node("Relu", "image", "y")];
  return writeModel(sketch({ inputs: { image: [1, planes, 8, 8] }, nodes, outputs: ["y"] }), 18);
}

function deepTensor(): Uint8Array {
  const w: Tensor = { ...ONE, shape: filled(100_000, 1) };
  return model([RELU, node("Add", "a w", "y")], { w });
}

const toManyAxes = (op: string, numbers: readonly number[]) =>
  model([RELU, node(op, "a n", "u"), node("ReduceMax", "u", "y")], { n: intsTensor(numbers) });

/** @param unread numbers that nothing reads: of a larger file more nodes are read */
function conditional(count: number, unread = 1): Uint8Array {
  const links = Array.from({ length: count }, (_, i) =>
    node("Relu", i === 0 ? "a" : `b${i}`, `b${i + 1}`),
  );
  const branch = sketch({ inputs: {}, nodes: links, outputs: [`b${count}`] });
  const unknown = [
    node("ReduceMax", "a", "most", { keepdims: 0 }),
    node("Cast", "most", "is", { to: 9 }),
  ];
  const constants = { unread: floatTensor([unread], new Float32Array(unread)) };
  return model([RELU, ...unknown, branching("is", "y", branch)], constants);
}

const branching = (condition: string, y: string, branch: Graph) =>
  node("If", condition, y, { then_branch: { graph: branch }, else_branch: { graph: branch } });

function nestedBranches(): Uint8Array {
  let branch = sketch({ inputs: {}, nodes: [node("Relu", "a", "b0")], outputs: ["b0"] });
  for (let i = 1; i <= 25; i++) {
    const nodes = [node("If", "yes", `b${i}`, { then_branch: { graph: branch } })];
    branch = sketch({ inputs: {}, nodes, outputs: [`b${i}`] });
  }
  const first = node("If", "yes", "y", { then_branch: { graph: branch } });
  return model([RELU, first], { yes: boolScalar(true) });
}

/** A graph (field 7) of value_infos (field 13) without anything in them. */
function emptyMessages(): Uint8Array {
  const count = 1_000_000;
  const graph = Uint8Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? 0x6a : 0));
  const length = [0, 7, 14, 21].map((shift) => ((graph.length >> shift) & 127) | 128);
  return Uint8Array.from([0x3a, ...length.with(3, length[3]! & 127), ...graph]);
}

function wideLrn(): Uint8Array {
  const nodes = [
    node("Expand", "image s", "large"),
    node("Reshape", "large r", "wide"),
    node("LRN", "wide", "y", { size: 3 }),
  ];
  const [s, r] = [intsTensor([1_000, 3, 16, 16]), intsTensor([1, 768_000, 1, 1])];
  return model(nodes, { s, r });
}

function matrixPower(): Uint8Array {
  const nodes = [
    node("Expand", "one side", "w"),
    node("MatMul", "w w", "power"),
    node("ReduceMean", "power", "mean"),
    node("Add", "a mean", "y"),
  ];
  return model([RELU, ...nodes], { one: ONE, side: intsTensor([1_000, 1_000]) });
}

const repeatedGather = () =>
  model([RELU, node("Gather", "a i", "y", { axis: 1 })], { i: intsTensor(filled(200_000, 0)) });

const manyAttributes = () =>
  layer("Identity2", Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`n${i}`, i])));

function manyOutputs(): Uint8Array {
  const extra = Array.from({ length: 30_000 }, (_, i) => `extra${i}`).join(" ");
  return model([RELU, node("Sigmoid", "a", `y ${extra}`)]);
}

const withTensorFor = (attribute: string, op: string) =>
  layer(op, { [attribute]: { tensor: intsTensor([1]) } });

const withoutInputs = (op: string) => node(op, "", `${op}OfNothing`);

function withAttribute(name: string): Uint8Array {
  const { INTS } = AttributeProto_AttributeType;
  const attribute = create(AttributeProtoSchema, { name, type: INTS, ints: [1n] });
  const edit = ({ graph }: ModelProto) => void graph!.node.at(-1)!.attribute.push(attribute);
  return model([RELU, LAST], {}, { edit });
}

function resizeInMode(mode: string): Uint8Array {
  const attributes = { mode, coordinate_transformation_mode: mode, nearest_mode: mode };
  const s = floatTensor([4], [1, 1, 2, 2]);
  return model([RELU, node("Resize", "a _ s", "y", attributes)], { s });
}

function throughValue(name: string): Uint8Array {
  const through = { ...LAST, outputs: [name] };
  return encodeModel(
    sketch({
      inputs: { image: [1, 3, 16, 16] },
      nodes: [RELU, through, { ...node("Relu", "", "y"), inputs: [name] }],
      outputs: ["y"],
    }),
  );
}
