import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { TensorProto_DataLocation, StringStringEntryProtoSchema } from "onnx-buf";
import { create } from "@bufbuild/protobuf";
import type { ModelProto } from "onnx-buf";
import { afterAll } from "vitest";

import { encodeNpy } from "../../../lib/image/npy.ts";
import type { Node } from "../../../lib/onnx/model.ts";
import { floatTensor, type Tensor } from "../../../lib/onnx/tensor.ts";
import { type GraphSketch, node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";

const weights: Readonly<Record<string, Tensor>> = {
  w1: normal([5, 3, 3, 3], 1),
  w2: normal([4, 5, 3, 3], 2),
  w3: normal([7, 4], 3),
};

/** conv1 (5) - relu1 - pool - conv2 (4) - mean - flat - logits (7); images of 12 x 10. */
const chain: readonly Node[] = [
  node("Conv", "image w1", "conv1", { pads: [1, 1, 1, 1] }),
  node("Relu", "conv1", "relu1"),
  node("MaxPool", "relu1", "pool", { kernel_shape: [2, 2], strides: [2, 2] }),
  node("Conv", "pool w2", "conv2"),
  node("GlobalAveragePool", "conv2", "mean"),
  node("Flatten", "mean", "flat"),
  node("Gemm", "flat w3", "logits", { transB: 1 }),
];

interface Change extends Partial<GraphSketch> {
  readonly opset?: number;
  readonly edit?: (model: ModelProto) => void;
}

function model({ opset = 18, edit, ...changes }: Change = {}): Uint8Array {
  const inputs = { image: [1, 3, 12, 10] };
  const graph = { inputs, nodes: chain, outputs: ["logits"], initializers: weights, ...changes };
  return writeModel(sketch(graph), opset, edit);
}

function withValue(value: number): Readonly<Record<string, Tensor>> {
  const w2 = normal([4, 5, 3, 3], 2);
  w2.data[17] = value;
  return { ...weights, w2 };
}

const good = model();

/** What lies in the folder of models, by file name. */
const FILES: Readonly<Record<string, Uint8Array | string>> = {
  "good.onnx": good,
  "empty.onnx": "",
  "text.onnx": "this is a model, honestly\n".repeat(20),
  "json.onnx": '{"graph": {}}',
  "truncated.onnx": good.subarray(0, Math.floor(good.length / 2)),
  "one-byte.onnx": good.subarray(0, 1),
  "corrupt.onnx": good.map((byte, i) => (i > 20 && i < 200 ? byte ^ 0x5a : byte)),
  "nan.onnx": model({ initializers: withValue(Number.NaN) }),
  "infinite.onnx": model({ initializers: withValue(Infinity) }),
  "short-weight.onnx": model({
    edit: ({ graph }) => {
      const [w1] = graph!.initializer;
      w1!.rawData = w1!.rawData.slice(0, 100);
    },
  }),
  "unknown-value.onnx": model({
    nodes: [...chain.slice(0, 3), node("Conv", "nowhere w2", "logits")],
  }),
  "cycle.onnx": model({
    nodes: [node("Add", "image b", "a"), node("Relu", "a", "b")],
    outputs: ["b"],
  }),
  "old.onnx": model({ opset: 0 }),
  "future.onnx": model({ opset: 99 }),
  "vector-input.onnx": model({ inputs: { image: [1, 3] } }),
  "four-channels.onnx": model({ inputs: { image: [1, 4, 12, 10] } }),
  "no-input.onnx": model({ inputs: {} }),
  "wrong-channels.onnx": model({ initializers: { ...weights, w1: normal([5, 2, 3, 3], 1) } }),
  "external.onnx": model({ edit: external("weights.bin") }),
  "escaping.onnx": model({ edit: external("../../../etc/passwd") }),
  // on the way to logits, off the way to conv2
  "unsupported.onnx": model({
    nodes: [
      ...chain.slice(0, 4),
      node("Unheard", "conv2", "odd"),
      node("GlobalAveragePool", "odd", "logits"),
    ],
  }),
  "no-gradient.onnx": model({
    nodes: [chain[0]!, node("Sign", "conv1", "signs"), node("Conv", "signs w2", "logits")],
  }),
  "dead.onnx": model({
    nodes: [node("Conv", "image w1 b1", "conv1"), node("Relu", "conv1", "logits")],
    initializers: { ...weights, b1: floatTensor([5], [0, -1e6, 0, 0, 0]) },
  }),
};

function external(location: string): (proto: ModelProto) => void {
  return ({ graph }) => {
    const [w1] = graph!.initializer;
    w1!.rawData = new Uint8Array();
    w1!.dataLocation = TensorProto_DataLocation.EXTERNAL;
    w1!.externalData = [create(StringStringEntryProtoSchema, { key: "location", value: location })];
  };
}

const start = normal([1, 3, 12, 10], 4);
const npy = encodeNpy(start.shape, start.data);
const startWithNan = start.data.with(7, Number.NaN);

const ARRAYS: Readonly<Record<string, Uint8Array | string>> = {
  "start.npy": npy,
  "empty.npy": "",
  "text.npy": "1.0, 2.0, 3.0",
  "truncated.npy": npy.subarray(0, npy.length - 40),
  "nan.npy": encodeNpy(start.shape, startWithNan),
  "flat.npy": encodeNpy([3, 12, 10], start.data),
  "grey.npy": encodeNpy([3, 1, 12, 10], start.data),
  "none.npy": encodeNpy([0, 3, 12, 10], new Float32Array()),
  "small.npy": encodeNpy([1, 3, 2, 2], start.data.slice(0, 12)),
};

/** A folder with good and bad models and arrays, which is removed after the file's last test. */
export async function makeModels(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "dreamgrid-cli-"));
  for (const [name, contents] of Object.entries({ ...FILES, ...ARRAYS })) {
    await writeFile(join(folder, name), contents);
  }
  await mkdir(join(folder, "folder.onnx"));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
