import { expect, test } from "vitest";

import { DerivedTensors } from "../../lib/onnx/derived-tensors.ts";
import type { Graph, Model } from "../../lib/onnx/model.ts";
import { shareWeights } from "../../lib/onnx/share-weights.ts";
import { type FloatTensor, floatTensor, intsTensor, type Tensor } from "../../lib/onnx/tensor.ts";
import { node, sketch } from "../support/onnx-writer.ts";
import { normal } from "../support/random.ts";

const KIB = 1024;

function modelOf(graph: Graph, folded: ReadonlyMap<string, Tensor> = new Map()): Model {
  const writing = { producer: "", opsets: [] };
  return { graph, folded, derived: new DerivedTensors(), metadata: new Map(), writing };
}

function weights(initializers: Readonly<Record<string, Tensor>>, nodes: Graph["nodes"] = []) {
  return sketch({ inputs: {}, nodes, outputs: [], initializers });
}

/** A tensor of a part of `buffer`, from element `first` on. */
function view(buffer: ArrayBuffer, first: number, count: number): FloatTensor {
  return floatTensor([count], new Float32Array(buffer, 4 * first, count));
}

function bufferOf(tensor: Tensor | undefined): ArrayBufferLike {
  if (tensor === undefined || tensor.type === "opaque") throw new Error("no numbers");
  return tensor.data.buffer;
}

test("weights of all types and places are the same, in shared memory", () => {
  const large = normal([40, 130], 1);
  const int64 = intsTensor([...Array(3000).keys()]);
  const int32 = { type: "int32", shape: [5000], data: new Int32Array(5000).fill(7) } as const;
  const bool = { type: "bool", shape: [17_000], data: new Uint8Array(17_000).fill(1) } as const;
  const opaque = { type: "opaque", shape: [9000], onnxType: 8 } as const;
  const inner = weights({ b: normal([4200], 2) }, [
    node("Constant", "", "c", { value: { tensor: normal([4300], 3) } }),
  ]);
  const outer = node("If", "k", "y", { then_branch: { graph: inner }, mode: "x", axes: [1, 2] });
  const graph = weights({ large, int64, int32, bool, opaque, small: normal([3], 5) }, [outer]);
  const model = modelOf(graph, new Map([["f", normal([70, 71], 6)]]));
  const shared = shareWeights(model);
  expect(shared).toEqual(model);
  const branch = shared.graph.nodes[0]!.attributes["then_branch"] as { readonly graph: Graph };
  const value = branch.graph.nodes[0]!.attributes["value"] as { readonly tensor: Tensor };
  const { initializers } = shared.graph;
  for (const tensor of [
    ...["large", "int64", "int32", "bool"].map((name) => initializers.get(name)),
    shared.folded.get("f"),
    branch.graph.initializers.get("b"),
    value.tensor,
  ]) {
    expect(bufferOf(tensor)).toBeInstanceOf(SharedArrayBuffer);
  }
  // a small one of its own memory is copied as fast
  expect(initializers.get("small")).toBe(graph.initializers.get("small"));
  // what is shared already stays as it is
  expect(shareWeights(shared).graph.initializers.get("large")).toBe(initializers.get("large"));
});

test("of a file's buffer weights alone are kept; those that overlap still do", () => {
  const file = new ArrayBuffer(64 * KIB);
  new Float32Array(file).set(normal([16 * KIB], 7).data);
  const apart = weights({ a: view(file, 5, 3), b: view(file, 100, 5 * KIB) });
  const kept = shareWeights(modelOf(apart)).graph.initializers;
  expect(kept).toEqual(apart.initializers);
  expect(bufferOf(kept.get("a")).byteLength + bufferOf(kept.get("b")).byteLength).toBe(
    4 * (3 + 5 * KIB),
  );

  const overlapping = weights({
    a: view(file, 0, 15 * KIB),
    b: view(file, 1, 15 * KIB),
    c: view(file, 2, 15 * KIB),
  });
  const whole = shareWeights(modelOf(overlapping)).graph.initializers;
  expect(whole).toEqual(overlapping.initializers);
  expect(new Set([...whole.values()].map(bufferOf)).size).toBe(1);
  expect(bufferOf(whole.get("a")).byteLength).toBe(file.byteLength);
});
