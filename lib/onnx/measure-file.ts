import type { DescMessage } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { AttributeProtoSchema, ModelProtoSchema, NodeProtoSchema } from "onnx-buf";

import {
  MAX_ATTRIBUTE_BYTES,
  MAX_EDGES,
  maxMessages,
  MAX_NESTING,
  maxNodes,
  requireWithin,
} from "./budgets.ts";

interface Counts {
  messages: number;
  nodes: number;
  /** Names that nodes read and write. */
  edges: number;
  attributeBytes: number;
  readonly mostNodes: number;
  readonly mostMessages: number;
}

/**
 * Counts what a model file holds before any object is made of it: a few megabytes can be millions
 * of messages. Weights are skipped, so it takes no time that counts.
 *
 * @throws BudgetError if it holds too much; Error if the bytes are not protobuf
 */
export function requireFileWithinBudgets(bytes: Uint8Array): void {
  const counts: Counts = {
    messages: 0,
    nodes: 0,
    edges: 0,
    attributeBytes: 0,
    mostNodes: maxNodes(bytes.length),
    mostMessages: maxMessages(bytes.length),
  };
  countIn(bytes, { schema: ModelProtoSchema, depth: 1 }, counts);
}

interface Place {
  readonly schema: DescMessage;
  readonly depth: number;
}

function countIn(bytes: Uint8Array, { schema, depth }: Place, counts: Counts): void {
  const isNode = schema.typeName === NodeProtoSchema.typeName;
  counts.messages++;
  if (isNode) counts.nodes++;
  requireWithin("the file", depth, "or more messages inside each other", MAX_NESTING);
  requireWithin("the file", counts.messages, "or more protobuf messages", counts.mostMessages);
  requireWithin("the file", counts.nodes, "or more nodes", counts.mostNodes);
  const lists = schema.typeName === AttributeProtoSchema.typeName ? NUMBERS : NONE;
  const parts = partsOf(schema);
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    const part = wireType === WireType.LengthDelimited ? parts.get(field) : undefined;
    if (part) {
      countIn(reader.bytes(), { schema: part, depth: depth + 1 }, counts);
      continue;
    }
    const start = reader.pos;
    reader.skip(wireType, field);
    if (lists.has(field)) counts.attributeBytes += reader.pos - start;
    requireWithin(
      "the file",
      counts.attributeBytes,
      "or more bytes of numbers in attributes",
      MAX_ATTRIBUTE_BYTES,
    );
    if (!isNode || (field !== INPUT && field !== OUTPUT)) continue;
    counts.edges++;
    requireWithin("the file", counts.edges, "or more inputs and outputs of nodes", MAX_EDGES);
  }
}

const NONE: ReadonlySet<number> = new Set();
const NUMBERS: ReadonlySet<number> = new Set([
  AttributeProtoSchema.field.ints.number,
  AttributeProtoSchema.field.floats.number,
]);

const INPUT = NodeProtoSchema.field.input.number;
const OUTPUT = NodeProtoSchema.field.output.number;

const partsByType = new Map<string, ReadonlyMap<number, DescMessage>>();

/** The message that each field of a message holds, by the field's number. */
function partsOf(schema: DescMessage): ReadonlyMap<number, DescMessage> {
  const known = partsByType.get(schema.typeName);
  if (known) return known;
  const parts = new Map(
    schema.fields.flatMap(({ number, message }) => (message ? [[number, message] as const] : [])),
  );
  partsByType.set(schema.typeName, parts);
  return parts;
}
