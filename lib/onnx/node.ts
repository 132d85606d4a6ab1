import { ModelError, ShapeMismatchError } from "./errors.ts";
import type { Attribute, Node, Value } from "./model.ts";
import { formatShape } from "./tensor.ts";

/** "Conv 'conv1/7x7_s2_1'": how messages name a node, by its own name or else its first output. */
export function describeNode(node: Node): string {
  return `${shortened(node.op)} '${shortened(node.name || firstOutput(node))}'`;
}

/** The first of its outputs that is not left out; `""` where there is none. */
export function firstOutput({ outputs }: Pick<Node, "outputs">): Value {
  return outputs.find((output) => output !== "") ?? "";
}

/** Characters of a name or an attribute that messages show; a file may have one of megabytes. */
const MOST_SHOWN = 200;

export function shortened(text: string): string {
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}...` : text;
}

/** A node of standard ONNX, by default called as its first output. */
export function standardNode(
  node: Pick<Node, "op" | "inputs" | "outputs"> & Partial<Pick<Node, "name" | "attributes">>,
): Node {
  return { domain: "", name: node.outputs[0]!, attributes: {}, ...node };
}

/** A set of operators, in one line or several. */
export function operatorsNamed(names: string): ReadonlySet<string> {
  return new Set(names.trim().split(/\s+/));
}

/** Domain of nodes that cannot be computed, for a reason that is their attribute of this name. */
const REFUSED = "dreamgrid.refused";

/** The node as one that cannot be computed; only a layer that needs it is refused. */
export function refused(node: Node, reason: string): Node {
  return { ...node, domain: REFUSED, attributes: { [REFUSED]: reason } };
}

/** Why the node cannot be computed; `null` if nothing is known against it. */
export function refusalOf({ domain, attributes }: Node): string | null {
  const reason = domain === REFUSED ? attributes[REFUSED] : null;
  return typeof reason === "string" ? reason : null;
}

/** The error for a node that is not read: `problem` says why, and what to do instead. */
export function nodeError(node: Node, problem: string): ModelError {
  return new ModelError(`${describeNode(node)}: ${problem}`);
}

/** The error for shapes that do not fit this node. */
export function mismatch(node: Node, problem: string): ShapeMismatchError {
  return new ShapeMismatchError(`${describeNode(node)}: ${problem}`);
}

/** Int attribute `name`, or `fallback` (the operator's default) if absent. */
export function intAttribute(node: Node, name: string, fallback?: number): number {
  const value = node.attributes[name] ?? fallback;
  if (typeof value === "number" && Number.isInteger(value)) return value;
  throw wrongAttribute(node, name, "an int");
}

/** Float attribute `name`, or `fallback` (the operator's default) if absent. */
export function floatAttribute(node: Node, name: string, fallback?: number): number {
  const value = node.attributes[name] ?? (fallback === undefined ? undefined : { float: fallback });
  if (typeof value === "object" && "float" in value) return value.float;
  throw wrongAttribute(node, name, "a float");
}

export function floatsAttribute(
  node: Node,
  name: string,
  fallback?: readonly number[],
): readonly number[] {
  const value = node.attributes[name] ?? (fallback && { floats: fallback });
  if (typeof value === "object" && "floats" in value) return value.floats;
  throw wrongAttribute(node, name, "a list of floats");
}

export function intsAttribute(
  node: Node,
  name: string,
  fallback?: readonly number[],
): readonly number[] {
  const value = node.attributes[name] ?? fallback;
  if (Array.isArray(value) && value.every((item) => typeof item === "number")) return value;
  throw wrongAttribute(node, name, "a list of ints");
}

export function stringAttribute(node: Node, name: string, fallback?: string): string {
  const value = node.attributes[name] ?? fallback;
  if (typeof value === "string") return value;
  throw wrongAttribute(node, name, "a string");
}

/** Input `index`, which must be there. @throws ModelError if it is left out. */
export function requiredInput(node: Node, index: number): Value {
  const value = node.inputs[index];
  if (!value) throw missingInput(node, index);
  return value;
}

export function missingInput(node: Node, index: number): ModelError {
  return new ModelError(`${describeNode(node)}: input ${index} is missing`);
}

function wrongAttribute(node: Node, name: string, wanted: string): ModelError {
  const given = describeAttribute(node.attributes[name]);
  return new ModelError(
    `${describeNode(node)}: attribute '${name}' must be ${wanted}, got ${given}`,
  );
}

function describeAttribute(value: Attribute | undefined): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return `'${shortened(value)}'`;
  if ("float" in value) return `the float ${value.float}`;
  if ("floats" in value) return `the floats ${formatShape(value.floats)}`;
  if ("tensor" in value) return "a tensor";
  if ("graph" in value) return "a graph";
  return value.every((item) => typeof item === "number") ? formatShape(value) : "strings";
}
