import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { create } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { StringStringEntryProtoSchema, TensorProtoSchema } from "onnx-buf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { decodeModel, readModel } from "../../lib/onnx/decode.ts";
import { DataType } from "../../lib/onnx/element-type.ts";
import { ModelError } from "../../lib/onnx/errors.ts";
import { counted, externalBytes } from "../../lib/onnx/external-data.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import { floatTensor, type Tensor } from "../../lib/onnx/tensor.ts";
import { pointOutside } from "../support/external-model.ts";
import { node, writeModel } from "../support/onnx-writer.ts";
import { uniformSource } from "../support/random.ts";
import {
  decodedWeight,
  rawBytes,
  weightedGraph,
  weights,
  withWeight,
} from "../support/weighted-model.ts";

describe("damaged or unsuitable models are refused in one line", () => {
  const valid = writeModel(weightedGraph, 18);
  const cases: readonly (readonly [string, Uint8Array, string])[] = [
    ["empty", new Uint8Array(), "net.onnx: the file is empty"],
    ["cut short", valid.subarray(0, valid.length - 20), "not an ONNX model, or cut short"],
    ["text", new TextEncoder().encode("<!DOCTYPE html><html></html>"), "not an ONNX model"],
    [
      "a clone's pointer",
      new TextEncoder().encode(
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 9\n",
      ),
      "net.onnx: no ONNX model, but Git LFS's pointer to one; fetch that with: git lfs pull",
    ],
    ["zeros", new Uint8Array(64), "not an ONNX model"],
    ["no graph", writeModel(weightedGraph, 18, (model) => delete model.graph), "no graph in it"],
    ["no nodes", writeModel({ ...weightedGraph, nodes: [] }, 18), "no graph in it"],
    [
      "weights cut",
      withWeight((w) => (w.rawData = w.rawData.slice(0, 9))),
      "tensor 'w' of shape [1, 3, 1, 2] wants 6 elements, the file holds 2",
    ],
    [
      "weights missing",
      withWeight((w) => (w.rawData = new Uint8Array())),
      "wants 6 elements, the file holds 0",
    ],
    [
      "huge dimensions",
      withWeight((w) => (w.dims = [2n ** 40n, 2n ** 40n])),
      "wants 1.2089258196146292e+24 elements, the file holds 6",
    ],
    [
      "impossible dimension",
      withWeight((w) => (w.dims = [-3n])),
      "tensor 'w': a dimension of -3 is not possible",
    ],
    [
      "NaN",
      withWeight((w) => (w.rawData = w.rawData.map((byte, i) => (i < 4 ? 0xff : byte)))),
      "weight 'w' holds NaN at element 0",
    ],
    [
      "double beyond float32",
      withWeight((w) => {
        w.dataType = DataType.double;
        w.rawData = rawBytes(Float64Array.from(weights.with(2, 1e300)));
      }),
      "weight 'w' holds Infinity at element 2",
    ],
    [
      "weight twice",
      withWeight((w, model) => model.graph!.initializer.push(w)),
      "initializer 'w' is defined twice",
    ],
    [
      "value twice",
      writeModel({ ...weightedGraph, nodes: [...weightedGraph.nodes, node("Abs", "x", "a")] }, 18),
      "Abs 'a': value 'a' is defined twice",
    ],
    [
      "value from nowhere",
      writeModel({ ...weightedGraph, nodes: weightedGraph.nodes.slice(1) }, 18),
      "Add 'y' reads 'a', which nothing produces",
    ],
    [
      "output from nowhere",
      writeModel({ ...weightedGraph, outputs: [{ ...weightedGraph.outputs[0]!, name: "z" }] }, 18),
      "graph output 'z' is produced by no node",
    ],
    [
      "cycle",
      writeModel(
        { ...weightedGraph, nodes: [node("Add", "x y", "a"), node("Relu", "a", "y")] },
        18,
      ),
      "depends on its own output: a cycle",
    ],
    [
      "external data without the file",
      external("weights.bin"),
      "its weights are in the file 'weights.bin', which was not given with it",
    ],
  ];
  test.each(cases)("%s", (_, bytes, message) => {
    const decoding = () => decodeModel(bytes, { where: "net.onnx" });
    expect(decoding).toThrow(ModelError);
    expect(decoding).toThrow(message);
    expect(decoding).toThrow(/^net\.onnx: [^\n]+$/);
  });

  test.each([
    { name: "a single infinity is a bound", numbers: [Infinity] },
    { name: "minus infinity is a mask's", numbers: [0, -Infinity, 0] },
  ])("$name, not damage", ({ numbers }) => {
    const bytes = withWeight((w) => {
      w.dims = [BigInt(numbers.length)];
      w.rawData = rawBytes(Float32Array.from(numbers));
    });
    expect(decodedWeight(bytes)).toEqual(floatTensor([numbers.length], numbers));
  });
});

test("whatever bytes change, a model is read or refused", () => {
  const valid = writeModel(weightedGraph, 18);
  const next = uniformSource(7);
  const outcomes = { read: 0, refused: 0 };
  for (let run = 0; run < 3000; run++) {
    const bytes = valid.slice();
    bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256);
    try {
      specialise(decodeModel(bytes), [1, 3, 4, 5]);
      outcomes.read++;
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      outcomes.refused++;
    }
  }
  expect(Math.min(...Object.values(outcomes))).toBeGreaterThan(500);
});

/** The model with its weight in a file beside it. */
function external(location: string, extent: Readonly<Record<string, string>> = {}): Uint8Array {
  return withWeight((w) => pointOutside(w, { location, ...extent }));
}

test("what nodes read and write is counted over all of them, before any is made", () => {
  const field = (number: number, bytes: Uint8Array) =>
    new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(bytes).finish();
  // names of no letters: 200,000 that a node reads, and 200,001 that it writes
  const names = Uint8Array.from({ length: 800_002 }, (_, i) => [i < 400_000 ? 10 : 18, 0][i % 2]!);
  const bytes = field(7, field(1, names));
  expect(() => decodeModel(bytes)).toThrow("has 400001 or more inputs and outputs of nodes");
});

test("bytes that are read, and elements that are made, are counted over all tensors", () => {
  const data = counted(() => new Uint8Array(37));
  const { take, make } = data;
  take(2 ** 31, "a");
  take(2 ** 31 - 29, "b");
  const said = Object.entries({ location: "file", offset: "8" });
  const externalData = said.map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
  externalBytes(create(TensorProtoSchema, { externalData }), "w", data);
  expect(() => take(1, "c")).toThrow(/'c'.* has 4294967297 bytes up to it, and at most 4294967296/);
  make(2 ** 24, "a");
  make(2 ** 24, "b");
  expect(() => make(1, "c")).toThrow(/'c'.* has 33554433 elements up to it, and at most 33554432/);
});

describe("files", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "dreamgrid-onnx-"));
    const data = new Uint8Array(8 + 24 + 5);
    data.set(new Uint8Array(Float32Array.from(weights).buffer), 8);
    await writeFile(join(folder, "weights.bin"), data);
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function read(bytes: Uint8Array): Promise<Tensor> {
    const path = join(folder, "net.onnx");
    await writeFile(path, bytes);
    return (await readModel(path)).graph.initializers.get("w")!;
  }

  test("external data beside the model", async () => {
    const tensor = await read(external("weights.bin", { offset: "8", length: "24" }));
    expect(tensor).toEqual(floatTensor([1, 3, 1, 2], weights));
  });

  test.each([
    ["../weights.bin", {}, "must be a path inside the model's folder"],
    ["a\\..\\..\\weights.bin", {}, "must be a path inside the model's folder"],
    ["/etc/passwd", {}, "must be a path inside the model's folder"],
    ["C:\\weights.bin", {}, "must be a path inside the model's folder"],
    ["", {}, "must be a path inside the model's folder"],
    ["none.bin", {}, "there is no such file"],
    ["weights.bin", { offset: "20", length: "24" }, "lie outside the external data file"],
    ["weights.bin", { offset: "48" }, "lie outside the external data file"],
    ["weights.bin", { offset: "-4" }, "offset '-4' is not a number of bytes"],
    ["weights.bin", { offset: "8" }, "wants 6 elements, the file holds 7"],
  ])("external data at '%s' %o is refused", async (location, extent, message) => {
    const reading = read(external(location, extent));
    await expect(reading).rejects.toThrow(ModelError);
    await expect(reading).rejects.toThrow(message);
  });

  test.each([
    ["none.onnx", "cannot read model '", "there is no such file"],
    ["", "cannot read model '", "it is a folder; name the .onnx file in it"],
  ])("a path that is no file: '%s'", async (name, ...messages) => {
    const reading = readModel(join(folder, name));
    await expect(reading).rejects.toThrow(ModelError);
    for (const message of messages) await expect(reading).rejects.toThrow(message);
  });
});
