import { clone, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  TensorProto_DataLocation,
} from "onnx-buf";

import { OPERATORS } from "../../lib/onnx/operators/table.ts";
import { uniformSource } from "./random.ts";

/** Names that a plain JavaScript object answers to, and names that a terminal obeys. */
export const HOSTILE_NAMES = [
  "toString",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "valueOf",
  "",
  "\u001b[2J\u001b]0;gone\u0007",
  "line\nbreak\r\u0000",
  "x".repeat(5_000),
] as const;

const HOSTILE_INTS = [0n, 1n, -1n, 2n, 7n, 255n, 2n ** 31n, -(2n ** 31n), 2n ** 53n, 2n ** 62n];
const HOSTILE_LISTS = [[], [0n], [-1n], [2n, 2n], [1n, 1n, 1n, 1n], [2n ** 31n, 2n ** 31n]];

/**
 * The bytes of a model changed at one to three places: its structure in two cases of three, the
 * plain bytes else. The same seed gives the same mutant.
 */
export function mutant(original: Uint8Array<ArrayBuffer>, seed: number): Uint8Array {
  const random = new Choice(seed);
  const changes = 1 + random.below(3);
  if (random.below(3) === 0) {
    let bytes = original;
    for (let i = 0; i < changes; i++) bytes = withOtherBytes(bytes, random);
    return bytes;
  }
  const model = fromBinary(ModelProtoSchema, original);
  for (let i = 0; i < changes; i++) random.of(MUTATIONS)(model, random);
  return toBinary(ModelProtoSchema, model);
}

class Choice {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = uniformSource(seed);
  }

  below(count: number): number {
    return Math.floor(this.#next() * count);
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

function withOtherBytes(bytes: Uint8Array<ArrayBuffer>, random: Choice): Uint8Array<ArrayBuffer> {
  const at = random.below(bytes.length + 1);
  const length = random.below(Math.min(64, bytes.length - at + 1));
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at + length)];
  const noise = Uint8Array.from({ length: random.below(16) }, () => random.below(256));
  const middles = [
    bytes.slice(at, at + length).map((byte) => byte ^ (1 << random.below(8))),
    noise,
  ];
  const middle = random.of([...middles, new Uint8Array(), bytes.slice(at, at + 2 * length)]);
  return Uint8Array.from([...before, ...middle, ...after]);
}

type Mutation = (model: ModelProto, random: Choice) => void;

const onGraph =
  (mutate: (graph: GraphProto, random: Choice) => void): Mutation =>
  ({ graph }, random) => {
    if (graph) mutate(graph, random);
  };

const onNode = (mutate: (node: NodeProto, random: Choice, graph: GraphProto) => void): Mutation =>
  onGraph((graph, random) => {
    if (graph.node.length > 0) mutate(random.of(graph.node), random, graph);
  });

const onAttribute = (
  mutate: (attribute: AttributeProto, random: Choice, graph: GraphProto) => void,
): Mutation =>
  onNode((node, random, graph) => {
    if (node.attribute.length > 0) mutate(random.of(node.attribute), random, graph);
  });

const onTensor = (mutate: (tensor: TensorProto, random: Choice) => void): Mutation =>
  onGraph((graph, random) => {
    if (graph.initializer.length > 0) mutate(random.of(graph.initializer), random);
  });

const valuesOf = ({ node, input, initializer }: GraphProto): string[] => [
  ...node.flatMap(({ output }) => output),
  ...[...input, ...initializer].map(({ name }) => name),
];

const MUTATIONS: readonly Mutation[] = [
  onNode((node, random) => {
    node.opType = random.of([...OPERATORS.keys(), ...HOSTILE_NAMES, "If", "Loop", "Scan"]);
  }),
  onNode((node, random) => {
    node.domain = random.of([...HOSTILE_NAMES, "ai.onnx", "com.microsoft"]);
  }),
  onNode((node, random) => {
    node.name = random.of(HOSTILE_NAMES);
  }),
  onNode((node, random, graph) => {
    const at = random.below(node.input.length + 1);
    node.input[at] = random.of([...valuesOf(graph), ...HOSTILE_NAMES]);
  }),
  onNode((node, random) => node.input.splice(random.below(node.input.length), 1)),
  onNode((node, random) => node.input.push(...node.input, random.of(HOSTILE_NAMES))),
  onNode((node, random) => node.output.push(`extra${random.below(1e6)}`, "")),
  onNode((node, random) => node.output.splice(random.below(node.output.length), 1)),
  onNode((node, random, graph) => {
    const name = random.of(HOSTILE_NAMES);
    const [given = ""] = node.output;
    node.output[0] = name;
    for (const each of graph.node) {
      each.input = each.input.map((input) => (input === given ? name : input));
    }
  }),
  onGraph((graph, random) => graph.node.splice(random.below(graph.node.length), 1)),
  onGraph((graph, random) =>
    graph.node.push(...graph.node.splice(0, random.below(4)).toReversed()),
  ),
  onAttribute((attribute, random) => {
    attribute.name = random.of(HOSTILE_NAMES);
  }),
  onAttribute((attribute, random, graph) => {
    const types = Object.values(AttributeProto_AttributeType).filter(Number.isInteger);
    attribute.type = random.of(types) as AttributeProto_AttributeType;
    const tensor = graph.initializer[0];
    if (tensor) attribute.t = tensor;
    attribute.g = clone(GraphProtoSchema, { ...graph, node: graph.node.slice(0, 2) });
  }),
  onAttribute((attribute, random) => {
    attribute.i = random.of(HOSTILE_INTS);
    attribute.ints = random.of([...HOSTILE_LISTS, attribute.ints.map(() => attribute.i)]);
    attribute.f = random.of([0, -1, 1e30, NaN, Infinity]);
    attribute.s = new TextEncoder().encode(random.of(HOSTILE_NAMES));
  }),
  onNode((node, random) => node.attribute.splice(random.below(node.attribute.length), 1)),
  onNode((node, random, graph) => {
    node.attribute.push(...random.of(graph.node).attribute);
  }),
  onTensor((tensor, random) => {
    tensor.dims = random.of([...HOSTILE_LISTS, [...tensor.dims, 1n], tensor.dims.toReversed()]);
  }),
  onTensor((tensor, random) => {
    tensor.dataType = random.below(25);
  }),
  onTensor((tensor, random) => {
    tensor.rawData = tensor.rawData.slice(random.below(tensor.rawData.length + 1));
  }),
  onTensor((tensor, random) => {
    tensor.rawData = tensor.rawData.map(() => random.below(256));
  }),
  onTensor((tensor, random) => {
    tensor.name = random.of(HOSTILE_NAMES);
  }),
  onTensor((tensor) => {
    tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
  }),
  onGraph(({ input }, random) => {
    const type = input[0]?.type?.value;
    if (type?.case !== "tensorType") return;
    type.value.elemType = random.of([1, 1, 1, 7, 10, 25]);
    const dims = type.value.shape?.dim ?? [];
    const length = random.of(HOSTILE_INTS);
    if (dims.length > 0) random.of(dims).value = { case: "dimValue", value: length };
  }),
  (model, random) => {
    for (const opset of model.opsetImport) opset.version = BigInt(random.below(30));
  },
];
