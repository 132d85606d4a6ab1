import type { DerivedTensors } from "./derived-tensors.ts";
import type { ElementType, Tensor } from "./tensor.ts";

/** Name of a value (edge) in a graph; the empty string is an input left out. */
export type Value = string;

/** A float attribute; plain numbers are int attributes, as most of ONNX's are. */
export interface Float {
  readonly float: number;
}

export type Attribute =
  | number
  | readonly number[]
  | string
  | readonly string[]
  | Float
  | { readonly floats: readonly number[] }
  | { readonly tensor: Tensor }
  | { readonly graph: Graph };

export type Attributes = Readonly<Record<string, Attribute>>;

/** One operator application, ONNX `NodeProto` without the wire format. */
export interface Node {
  readonly op: string;
  /** As the file has it; often empty. */
  readonly name: string;
  /** Path of the module that it was part of, `layer1.0.conv1`, where the file's metadata say so. */
  readonly scope?: string;
  /**
   * What it stands for in a quantised network: rounding to integers or undoing it, which is no
   * layer, or an operator on integers.
   */
  readonly quantised?: "rounding" | "operator";
  /** What the file has in its place, where that is another: of the file's own opset. */
  readonly source?: Node;
  /** Operator set; empty for standard ONNX. */
  readonly domain: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
}

/** A graph input or output with its declared type. */
export interface ValueInfo {
  readonly name: Value;
  readonly type: ElementType;
  /** `null` for an axis whose length is left open; a `null` shape is not declared at all. */
  readonly shape: readonly (number | null)[] | null;
  /** Whether the file has it in the whole numbers that pixels are stored in, 0 to 255. */
  readonly isOfBytes?: true;
}

/** Nodes in topological order over named values. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<Value, Tensor>;
}

/** A set of operators that a file uses. */
export interface OperatorSet {
  /** Empty for standard ONNX. */
  readonly domain: string;
  readonly version: number;
}

/** Who wrote a file, and in which terms. */
export interface Writing {
  /** Name and version of the exporter; empty where the file does not say. */
  readonly producer: string;
  readonly opsets: readonly OperatorSet[];
}

/** A network as loaded: operators as of opset `OPSET`, whatever the file's was. */
export interface Model {
  readonly graph: Graph;
  /** Values that depend on weights alone and were computed beforehand; see `foldConstants`. */
  readonly folded: ReadonlyMap<Value, Tensor>;
  /** What graphs of this network make of its weights. */
  readonly derived: DerivedTensors;
  /** What the file says besides, by its keys. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly writing: Writing;
}

/**
 * The opset of every graph we hold and write. ONNX Runtime's CUDA kernels of Pad (19), MaxPool and
 * ConvTranspose (22) do not match later revisions, so a later opset would run those on the CPU.
 */
export const OPSET = 18;

export const float = (value: number): Float => ({ float: value });
