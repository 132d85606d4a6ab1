import type { TensorProto } from "onnx-buf";
import { describe, expect, test } from "vitest";

import { decodeModel } from "../../lib/onnx/decode.ts";
import { DataType } from "../../lib/onnx/element-type.ts";
import { boolScalar, floatTensor, intsTensor } from "../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import {
  decodedWeight,
  rawBytes,
  weightedGraph,
  weights,
  withWeight,
} from "../support/weighted-model.ts";

/** binary16 and bfloat16 patterns of `weights`, worked out by hand from their definitions. */
const FLOAT16 = [0x3e00, 0xc000, 0x3400, 0x7bff, 0x0000, 0xb800];
const BFLOAT16 = [0x3fc0, 0xc000, 0x3e80, 0x477f, 0x0000, 0xbf00];

describe("tensors", () => {
  test("weights aligned in the file are views on it, others copies", () => {
    const bytes = writeModel(weightedGraph, 18);
    const at = Buffer.from(bytes).indexOf(Buffer.from(Float32Array.from(weights).buffer));
    for (const shift of [0, 1, 2, 3]) {
      const memory = new ArrayBuffer(bytes.length + shift);
      const moved = new Uint8Array(memory, shift);
      moved.set(bytes);
      const tensor = decodedWeight(moved);
      expect(tensor).toEqual(floatTensor([1, 3, 1, 2], weights));
      const isView = tensor.type === "float32" && tensor.data.buffer === memory;
      expect({ shift, isView }).toEqual({ shift, isView: (at + shift) % 4 === 0 });
    }
  });

  test.each([
    {
      name: "float64",
      change: (w: TensorProto) => {
        w.dataType = DataType.double;
        w.rawData = rawBytes(Float64Array.from(weights));
      },
    },
    {
      name: "float64 in double_data",
      change: (w: TensorProto) => {
        w.dataType = DataType.double;
        w.rawData = new Uint8Array();
        w.doubleData = weights;
      },
    },
    {
      name: "float32 in float_data",
      change: (w: TensorProto) => {
        w.rawData = new Uint8Array();
        w.floatData = weights;
      },
    },
    {
      name: "float16",
      change: (w: TensorProto) => {
        w.dataType = DataType.float16;
        w.rawData = rawBytes(Uint16Array.from(FLOAT16));
      },
    },
    {
      name: "float16 in int32_data",
      change: (w: TensorProto) => {
        w.dataType = DataType.float16;
        w.rawData = new Uint8Array();
        w.int32Data = FLOAT16;
      },
    },
  ])("$name weights become float32", ({ change }) => {
    expect(decodedWeight(withWeight(change))).toMatchObject(floatTensor([1, 3, 1, 2], weights));
  });

  test("bfloat16 weights become float32, with 8 bits of precision", () => {
    const decoded = decodedWeight(
      withWeight((w) => {
        w.dataType = DataType.bfloat16;
        w.rawData = rawBytes(Uint16Array.from(BFLOAT16));
      }),
    );
    expect(decoded).toEqual({
      ...floatTensor([1, 3, 1, 2], weights.with(3, 65280)),
      stored: DataType.bfloat16,
    });
  });

  test("float16 below the normal range", () => {
    const decoded = decodedWeight(
      withWeight((w) => {
        w.dims = [2n];
        w.dataType = DataType.float16;
        w.rawData = rawBytes(Uint16Array.of(0x0001, 0x83ff));
      }),
    );
    expect(decoded).toMatchObject(floatTensor([2], [2 ** -24, -1023 * 2 ** -24]));
  });

  test.each([
    { name: "the largest", bits: 0x7bff, value: 65_504 },
    { name: "the next after one", bits: 0x3c01, value: 1 + 2 ** -10 },
    { name: "the smallest of the normal range", bits: 0x8400, value: -(2 ** -14) },
    { name: "a bound", bits: 0xfc00, value: -Infinity },
  ])("float16: $name", ({ bits, value }) => {
    const decoded = decodedWeight(
      withWeight((w) => {
        w.dims = [1n];
        w.dataType = DataType.float16;
        w.rawData = rawBytes(Uint16Array.of(bits));
      }),
    );
    expect(decoded).toMatchObject(floatTensor([1], [value]));
  });

  test("int64, int32 and bool, raw and in typed fields", () => {
    const tensors = {
      p: intsTensor([3, -(2 ** 40)]),
      q: { type: "int32", shape: [1], data: Int32Array.of(-7) },
      r: boolScalar(true),
    } as const;
    const model = {
      ...weightedGraph,
      initializers: new Map([...weightedGraph.initializers, ...Object.entries(tensors)]),
    };
    const typed = writeModel(model, 18, ({ graph: proto }) => {
      const [, p, q, r] = proto!.initializer;
      for (const tensor of [p!, q!, r!]) tensor.rawData = new Uint8Array();
      p!.int64Data = [3n, -(2n ** 40n)];
      q!.int32Data = [-7];
      r!.int32Data = [1];
    });
    for (const bytes of [writeModel(model, 18), typed]) {
      const { initializers } = decodeModel(bytes).graph;
      expect(Object.fromEntries([...initializers].slice(1))).toEqual(tensors);
    }
  });

  test("an unsigned 64-bit weight is kept as opaque", () => {
    const bytes = withWeight((w) => {
      w.dataType = 13;
    });
    expect(decodedWeight(bytes)).toEqual({ type: "opaque", shape: [1, 3, 1, 2], onnxType: 13 });
  });

  /** Six integers, by their bytes and by the typed field, whose half bytes come in pairs. */
  test.each([
    ["uint8", 2, [0, 1, 127, 128, 254, 255], [0, 1, 127, 128, 254, 255], null],
    ["int8", 3, [0, 1, 127, 128, 254, 255], [0, 1, 127, -128, -2, -1], [0, 1, 127, -128, -2, -1]],
    [
      "uint16",
      4,
      [0, 0, 1, 0, 0, 1, 255, 127, 0, 128, 255, 255],
      [0, 1, 256, 32767, 32768, 65535],
      [0, 1, 256, 32767, 32768, 65535],
    ],
    [
      "int16",
      5,
      [0, 0, 1, 0, 0, 1, 255, 127, 0, 128, 255, 255],
      [0, 1, 256, 32767, -32768, -1],
      [0, 1, 256, 32767, -32768, -1],
    ],
    ["uint4", 21, [0x10, 0x87, 0xfe], [0, 1, 7, 8, 14, 15], null],
    ["int4", 22, [0x10, 0x87, 0xfe], [0, 1, 7, -8, -2, -1], null],
  ])("%s are numbers", (_, type, bytes, wanted, typed) => {
    const given = (change: (w: TensorProto) => void) =>
      decodedWeight(
        withWeight((w) => {
          w.dataType = type;
          w.rawData = new Uint8Array();
          change(w);
        }),
      );
    const tensor = { ...floatTensor([1, 3, 1, 2], wanted), stored: type };
    expect(given((w) => void (w.rawData = Uint8Array.from(bytes)))).toEqual(tensor);
    expect(given((w) => void (w.int32Data = typed ?? bytes))).toEqual(tensor);
    expect(() => given((w) => void (w.rawData = Uint8Array.from([...bytes, 1, 1])))).toThrow(
      /wants 6 elements, the file holds/,
    );
  });
});

describe("graphs", () => {
  test("initializers that are listed as inputs are no inputs", () => {
    const listed = {
      ...weightedGraph,
      inputs: [...weightedGraph.inputs, { ...weightedGraph.inputs[0]!, name: "w" }],
    };
    expect(decodeModel(writeModel(listed, 8)).graph.inputs.map(({ name }) => name)).toEqual(["x"]);
  });

  test("the oldest and the newest opset are read", () => {
    for (const opset of [7, 26]) {
      const { graph } = decodeModel(writeModel(weightedGraph, opset));
      expect(graph.nodes).toHaveLength(weightedGraph.nodes.length);
    }
  });

  test("nodes out of order are sorted", () => {
    const reversed = { ...weightedGraph, nodes: weightedGraph.nodes.toReversed() };
    expect(decodeModel(writeModel(reversed, 18)).graph.nodes).toEqual(
      decodeModel(writeModel(weightedGraph, 18)).graph.nodes,
    );
  });

  test("a long chain in reverse order does not exhaust the stack", () => {
    // as many as a small file may have
    const length = 12_000;
    const chain = Array.from({ length }, (_, i) => node("Relu", `v${i}`, `v${i + 1}`));
    const long = sketch({
      inputs: { v0: [1, 3, 4, 5] },
      nodes: chain.toReversed(),
      outputs: [`v${length}`],
    });
    expect(decodeModel(writeModel(long, 18)).graph.nodes.map(({ outputs }) => outputs[0])).toEqual(
      chain.map(({ outputs }) => outputs[0]),
    );
  });

  test("what a subgraph reads from outside counts as an input", () => {
    const body = sketch({ inputs: {}, nodes: [node("Neg", "a", "z")], outputs: ["z"] });
    const branching = sketch({
      inputs: { x: [1, 3, 4, 5], c: [] },
      types: { c: "bool" },
      nodes: [
        node("If", "c", "y", { then_branch: { graph: body }, else_branch: { graph: body } }),
        node("Relu", "x", "a"),
      ],
      outputs: ["y"],
    });
    const { nodes } = decodeModel(writeModel(branching, 18)).graph;
    expect(nodes.map(({ op }) => op)).toEqual(["Relu", "If"]);
    expect(nodes[1]!.attributes["then_branch"]).toMatchObject({
      graph: { nodes: [{ op: "Neg" }] },
    });
  });

  test("lengths left open, by name or by zero", () => {
    const open = {
      ...weightedGraph,
      inputs: [{ ...weightedGraph.inputs[0]!, shape: [null, 3, 0, 5] }],
    };
    expect(decodeModel(writeModel(open, 18)).graph.inputs[0]?.shape).toEqual([null, 3, null, 5]);
  });

  test("a half-precision input is taken as float32", () => {
    const bytes = writeModel(weightedGraph, 18, ({ graph: proto }) => {
      const type = proto!.input[0]!.type!.value;
      if (type.case === "tensorType") type.value.elemType = DataType.float16;
    });
    expect(decodeModel(bytes).graph.inputs[0]?.type).toBe("float32");
  });
});
