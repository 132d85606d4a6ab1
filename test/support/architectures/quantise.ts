import { DataType } from "../../../lib/onnx/element-type.ts";
import type { Graph, Node, Value } from "../../../lib/onnx/model.ts";
import { type FloatTensor, floatTensor, sizeOf, type Tensor } from "../../../lib/onnx/tensor.ts";
import { int32, integers } from "../integers.ts";

/** Of every value but the image: -6.4 to 6.35, so that most are within it. */
const SCALE = 0.05;
const IMAGE_SCALE = 0.03;

/** Operators whose weights and bias a quantiser rounds. */
const WEIGHTED: ReadonlySet<string> = new Set(["Conv", "Gemm", "MatMul"]);

const plain = (
  op: string,
  inputs: readonly Value[],
  output: Value,
  attributes: Node["attributes"] = {},
): Node => ({
  op,
  name: "",
  domain: "",
  inputs,
  outputs: [output],
  attributes,
});

/**
 * Adds the weight `name` as integers of 8 bits, with a scale and a zero point for each filter:
 * `name_quantized`, `name_scale` and `name_zero_point`.
 *
 * @returns the scales
 */
function addRounded(
  initializers: Map<Value, Tensor>,
  name: Value,
  { shape, data }: FloatTensor,
  axis: number,
): Float32Array {
  const length = shape[axis]!;
  const stride = sizeOf(shape.slice(axis + 1));
  const channelOf = (i: number) => Math.floor(i / stride) % length;
  const scales = new Float32Array(length);
  data.forEach(
    (x, i) => (scales[channelOf(i)] = Math.max(scales[channelOf(i)]!, Math.abs(x) / 127)),
  );
  const numbers = data.map((x, i) => Math.round(x / scales[channelOf(i)]!));
  const zeros = new Float32Array(length);
  initializers.set(`${name}_quantized`, integers(DataType.int8, shape, numbers));
  initializers.set(`${name}_scale`, floatTensor([length], scales));
  initializers.set(`${name}_zero_point`, integers(DataType.int8, [length], zeros));
  return scales;
}

const PARTS = ["quantized", "scale", "zero_point"] as const;
const partsOf = (name: Value): readonly Value[] => PARTS.map((part) => `${name}_${part}`);

/** As ONNX Runtime's quantiser writes QDQ: a pair around every value, weights of 8 bits. */
export function asQdq(graph: Graph): Graph {
  const initializers = new Map<Value, Tensor>(graph.initializers);
  const nodes: Node[] = [];
  const pairs = new Map<Value, Value>();
  initializers.set("zero_point", integers(DataType.int8, [], [0]));
  initializers.set("scale", floatTensor([], [SCALE]));
  initializers.set("image_scale", floatTensor([], [IMAGE_SCALE]));
  const image = graph.inputs[0]!.name;
  const pair = (value: Value): Value => {
    const known = pairs.get(value);
    if (known !== undefined) return known;
    const scale = value === image ? "image_scale" : "scale";
    const [q, d] = [`${value}_QuantizeLinear_Output`, `${value}_DequantizeLinear_Output`];
    nodes.push(plain("QuantizeLinear", [value, scale, "zero_point"], q));
    nodes.push(plain("DequantizeLinear", [q, scale, "zero_point"], d));
    pairs.set(value, d);
    return d;
  };
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((value, i) => {
      const constant = initializers.get(value);
      if (!value || constant?.type === "int64") return value;
      if (constant?.type !== "float32") return pair(value);
      if (i !== 1 || !WEIGHTED.has(node.op)) return value;
      const axis = node.op === "MatMul" ? constant.shape.length - 1 : 0;
      addRounded(initializers, value, constant, axis);
      const output = `${value}_DequantizeLinear_Output`;
      nodes.push(plain("DequantizeLinear", partsOf(value), output, { axis }));
      return output;
    });
    nodes.push({ ...node, inputs });
  }
  return { ...graph, nodes, initializers };
}

/** As ONNX Runtime's quantiser writes QOperator; for Conv, Relu, MaxPool, Add and Concat. */
export function asQOperators(graph: Graph): Graph {
  const initializers = new Map<Value, Tensor>(graph.initializers);
  initializers.set("zero_point", integers(DataType.uint8, [], [128]));
  initializers.set("rectified_zero_point", integers(DataType.uint8, [], [0]));
  initializers.set("scale", floatTensor([], [SCALE]));
  initializers.set("image_scale", floatTensor([], [IMAGE_SCALE]));
  const image = graph.inputs[0]!.name;
  const zeroPoints = new Map<Value, string>();
  const integersOf = (value: Value) => `${value}_quantized`;
  const grid = (value: Value) => [
    value === image ? "image_scale" : "scale",
    zeroPoints.get(value) ?? "zero_point",
  ];
  const nodes: Node[] = [plain("QuantizeLinear", [image, ...grid(image)], integersOf(image))];
  const rectified = new Map(
    graph.nodes
      .filter(({ op }) => op === "Relu")
      .map(({ inputs, outputs }) => [inputs[0]!, outputs[0]!]),
  );
  for (const { op, inputs, outputs, attributes, name } of graph.nodes) {
    const [x = "", w = "", b = ""] = inputs;
    // a rectifier is all that the range leaves of it
    if (op === "Relu") continue;
    const output = rectified.get(outputs[0]!) ?? outputs[0]!;
    if (rectified.has(outputs[0]!)) zeroPoints.set(output, "rectified_zero_point");
    const triple = (value: Value) => [integersOf(value), ...grid(value)];
    const add = (type: string, given: readonly Value[], domain = "com.microsoft") =>
      nodes.push({
        ...plain(type, given, integersOf(output), attributes),
        domain,
        name: `${name}_quant`,
      });
    if (op === "Conv") {
      const scales = addRounded(initializers, w, initializers.get(w) as FloatTensor, 0);
      const xs = x === image ? IMAGE_SCALE : SCALE;
      const bias = (initializers.get(b) as FloatTensor).data.map((v, i) =>
        Math.round(v / (xs * scales[i]!)),
      );
      initializers.set(`${b}_quantized`, int32([bias.length], [...bias]));
      add("QLinearConv", [...triple(x), ...partsOf(w), ...grid(output), `${b}_quantized`], "");
    } else if (op === "Add") {
      add("QLinearAdd", [...triple(x), ...triple(w), ...grid(output)]);
    } else if (op === "Concat") {
      add("QLinearConcat", [...grid(output), ...inputs.flatMap(triple)]);
    } else {
      zeroPoints.set(output, grid(x)[1]!);
      nodes.push({ ...plain(op, [integersOf(x)], integersOf(output), attributes), name });
    }
  }
  for (const { name } of graph.outputs)
    nodes.push(plain("DequantizeLinear", [integersOf(name), ...grid(name)], name));
  return { ...graph, nodes, initializers };
}

/**
 * As ONNX Runtime's quantiser writes weights alone: matrix products of integers made on the way.
 */
export function asDynamic(graph: Graph): Graph {
  const initializers = new Map<Value, Tensor>(graph.initializers);
  const nodes = graph.nodes.flatMap((node): readonly Node[] => {
    const [x = "", w = ""] = node.inputs;
    const weight = initializers.get(w);
    if (node.op !== "MatMul" || weight?.type !== "float32") return [node];
    addRounded(initializers, w, weight, weight.shape.length - 1);
    const [output = ""] = node.outputs;
    const of = (part: string) => `${output}_${part}`;
    return [
      {
        ...plain("DynamicQuantizeLinear", [x], of("x")),
        outputs: ["x", "x_scale", "x_zero"].map(of),
      },
      {
        ...node,
        op: "MatMulInteger",
        name: `${node.name}_quant`,
        inputs: [of("x"), `${w}_quantized`, of("x_zero")],
        outputs: [of("sums")],
      },
      plain("Cast", [of("sums")], of("cast"), { to: DataType.float }),
      plain("Mul", [of("x_scale"), `${w}_scale`], of("scales")),
      plain("Mul", [of("cast"), of("scales")], output),
    ];
  });
  return { ...graph, nodes, initializers };
}
