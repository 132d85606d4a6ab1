import type { Layer } from "../../networks/layers.ts";
import { filesOf } from "../../networks/network-files.ts";
import { typeNameOf } from "../../onnx/element-type.ts";
import type { Attribute, Graph, Model, Value } from "../../onnx/model.ts";
import { firstOutput, shortened } from "../../onnx/node.ts";
import {
  formatShape,
  type NumericTensor,
  sizeOf,
  type Tensor,
  toInt64,
} from "../../onnx/tensor.ts";
import type { AnalysedNetwork } from "./analyse-network.ts";
import type { AttributeFacts, FileFacts, LayerFacts } from "./layer-facts-schema.ts";
import { fewestDigits, statisticsOf } from "./statistics.ts";

type NodeFacts = NonNullable<LayerFacts["node"]>;
type ConstantFacts = NodeFacts["inputs"][number]["constant"];

/** Operator sets that are told; a file may list any number. */
const MOST_OPSETS = 16;
/** Items of an attribute that are told. */
const MOST_ITEMS = 64;
/** Elements of a constant that are told one by one. */
const FEW_VALUES = 16;

/** What a network's file says of itself. */
export function fileFacts({ file, model }: AnalysedNetwork): FileFacts {
  const sizes = filesOf(file).map(({ sizeBytes }) => sizeBytes);
  const { writing, graph } = model.model;
  const used = new Set(graph.nodes.map((node) => (node.source ?? node).domain));
  return {
    sizeBytes: sizes.reduce((sum, size) => (sum === null || size === null ? null : sum + size), 0),
    producer: shortened(writing.producer),
    opsets: writing.opsets
      .filter(({ domain }) => used.has(domain))
      .slice(0, MOST_OPSETS)
      .map(({ domain, version }) => ({ domain: domainName(domain), version })),
  };
}

/**
 * What is known of a layer's node, all of its weights included; large ones are read in several turns
 * of the event loop.
 */
export async function layerFacts({ model }: AnalysedNetwork, layer: Layer): Promise<LayerFacts> {
  const { index, name, type, learnableCount, node } = layer;
  return {
    index,
    name,
    type,
    node: node === null ? null : await nodeFacts(model.model, node),
    learnableCount,
    multiplyAdds: node?.multiplyAdds ?? null,
  };
}

async function nodeFacts(
  model: Model,
  { output, inputs, outputs }: NonNullable<Layer["node"]>,
): Promise<NodeFacts> {
  const made = model.graph.nodes.find((each) => firstOutput(each) === output);
  if (!made) throw new Error(`internal: no node makes '${output}'`);
  const { name, op, domain, attributes } = made.source ?? made;
  const { version: opset = null } =
    model.writing.opsets.find((each) => each.domain === domain) ?? {};
  const ofImage = madeOfImage(model.graph);
  const read: NodeFacts["inputs"] = [];
  for (const input of inputs) {
    const isConstant = !ofImage.has(input.name);
    const constant = await constantFacts(isConstant ? constantOf(model, input.name) : null);
    read.push({ ...input, shape: input.shape && [...input.shape], constant });
  }
  return {
    name,
    operator: op,
    domain: domainName(domain),
    opset,
    attributes: Object.entries(attributes).map(([key, value]) => attributeFacts(key, value)),
    inputs: read,
    outputs: outputs.map((each) => ({ ...each, shape: each.shape && [...each.shape] })),
  };
}

/**
 * What the file's own nodes make of the image. Some of it is constant to us: the scale that a
 * DynamicQuantizeLinear finds for each image is taken as 1.
 */
function madeOfImage({ inputs, nodes }: Graph): ReadonlySet<Value> {
  const made = new Set(inputs.map(({ name }) => name));
  for (const node of nodes) {
    const { inputs: read, outputs } = node.source ?? node;
    if (!read.some((value) => made.has(value))) continue;
    for (const output of outputs) if (output) made.add(output);
  }
  return made;
}

function constantOf({ graph, folded }: Model, name: Value): Tensor | null {
  return graph.initializers.get(name) ?? folded.get(name) ?? null;
}

async function constantFacts(tensor: Tensor | null): Promise<ConstantFacts> {
  if (tensor === null) return null;
  const count = sizeOf(tensor.shape);
  const isShown = tensor.type !== "opaque" && count <= FEW_VALUES;
  return {
    type: typeNameOf(tensor),
    count,
    values: isShown ? valuesAsJson(tensor) : null,
    statistics: tensor.type === "float32" ? await statisticsOf(tensor.data) : null,
  };
}

function attributeFacts(name: string, attribute: Attribute): AttributeFacts {
  const one = (kind: AttributeFacts["kind"], value: number | string) =>
    ({ name, kind, value, left: 0 }) as const;
  if (typeof attribute === "number") return one("int", integerAsJson(attribute));
  if (typeof attribute === "string") return one("string", shortened(attribute));
  if ("float" in attribute) return one("float", floatAsJson(attribute.float));
  if ("tensor" in attribute) {
    const { tensor } = attribute;
    return one("tensor", `${typeNameOf(tensor)} ${formatShape(tensor.shape)}`);
  }
  if ("graph" in attribute) return one("graph", `${attribute.graph.nodes.length} nodes`);
  const isOfFloats = "floats" in attribute;
  const items = isOfFloats ? attribute.floats : attribute;
  const value = items.slice(0, MOST_ITEMS).map((item) => {
    if (typeof item === "string") return shortened(item);
    return isOfFloats ? floatAsJson(item) : integerAsJson(item);
  });
  const kind = isOfFloats ? "floats" : typeof items[0] === "string" ? "strings" : "ints";
  return { name, kind, value, left: items.length - value.length };
}

function valuesAsJson({ type, data }: NumericTensor): (number | string)[] {
  return type === "float32"
    ? Array.from(data, floatAsJson)
    : Array.from<number | bigint, number | string>(data, integerAsJson);
}

/** As text from 2^53 on: files write 2^63 - 1 for "to the end". */
function integerAsJson(value: number | bigint): number | string {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  return String(typeof value === "bigint" ? value : toInt64(value));
}

function floatAsJson(value: number): number | string {
  return Number.isFinite(value) ? fewestDigits(value) : String(value);
}

const domainName = (domain: string) => (domain === "" ? "ai.onnx" : shortened(domain));
