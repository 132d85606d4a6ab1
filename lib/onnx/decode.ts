import { fromBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type SparseTensorProto,
  type TensorProto,
  TensorProto_DataLocation,
} from "onnx-buf";

import { maxNodes, MAX_WEIGHT_BYTES, requireWithin } from "./budgets.ts";
import { withChannelsFirst } from "./channels-first.ts";
import { decodeGraph, standardDomain } from "./decode-graph.ts";
import { DerivedTensors } from "./derived-tensors.ts";
import { messageOf, ModelError } from "./errors.ts";
import { counted, externalLocation, type ExternalData } from "./external-data.ts";
import { standardOpset, withoutFunctions } from "./inline-functions.ts";
import { type InputConstant, withInputConstants } from "./input-constants.ts";
import { inTopologicalOrder } from "./graph-order.ts";
import { requireFileWithinBudgets } from "./measure-file.ts";
import type { Graph, Model, Writing } from "./model.ts";
import { readExternalFile, readModelFile } from "./model-files.ts";
import { unrollGraph } from "./unroll-graph.ts";
import { upgradeGraph } from "./upgrade-graph.ts";

/** The opsets whose operators we know how to express in `OPSET`. */
const OLDEST_OPSET = 1;
const NEWEST_OPSET = 26;

export interface ReadOptions {
  /** Locations of the external data files that may be read. @default those that the model names */
  readonly listed?: ReadonlySet<string>;
  /** Inputs that have a value for good. @default none */
  readonly constants?: readonly InputConstant[] | undefined;
}

export interface DecodeOptions extends Pick<ReadOptions, "constants"> {
  /** What messages call the model: its path, usually. */
  readonly where?: string;
  /** Bytes of external data files; by default a model that needs one is refused. */
  readonly externalData?: ExternalData;
}

/**
 * The network in an `.onnx` file, with the external data files beside it, its operators brought to
 * opset 18 (`OPSET`) and its image to [N, C, H, W].
 *
 * @throws ModelError if the file cannot be read, is no ONNX model, is damaged, too new or old or
 *   beyond a budget.
 */
export async function readModel(
  path: string,
  { listed, constants = [] }: ReadOptions = {},
): Promise<Model> {
  const model = await readModelFile(path);
  const proto = parse(model, path);
  const files = new Map<string, Uint8Array>();
  let total = 0;
  for (const location of prefixed(path, () => locationsIn(proto))) {
    if (listed && !listed.has(location)) {
      throw new ModelError(
        `${path} keeps weights in the file '${location}', which its description does not list`,
      );
    }
    const bytes = await readExternalFile(path, location);
    total += bytes.length;
    requireWithin(path, total, "bytes of external data", MAX_WEIGHT_BYTES);
    files.set(location, bytes);
  }
  return toModel(proto, path, {
    externalData: (location) => files.get(location)!,
    constants,
    mostNodes: maxNodes(model.length),
  });
}

/**
 * The files beside an `.onnx` file that hold weights of it, relative to its folder.
 *
 * @throws as `readModel` does
 */
export async function externalLocations(path: string): Promise<ReadonlySet<string>> {
  const proto = parse(await readModelFile(path), path);
  return prefixed(path, () => locationsIn(proto));
}

/**
 * As `readModel`, from the bytes of the file. Aligned weights are views on `bytes`, which must not
 * change afterwards.
 */
export function decodeModel(
  bytes: Uint8Array,
  { where = "model", externalData = noExternalData, constants = [] }: DecodeOptions = {},
): Model {
  const mostNodes = maxNodes(bytes.length);
  return toModel(parse(bytes, where), where, { externalData, constants, mostNodes });
}

/** How that begins which a clone without Git LFS has in a large file's place. */
const LFS_POINTER = Buffer.from("version https://git-lfs.github.com/spec/");

function parse(bytes: Uint8Array, where: string): ModelProto {
  if (bytes.length === 0) throw new ModelError(`${where}: the file is empty`);
  if (LFS_POINTER.equals(bytes.subarray(0, LFS_POINTER.length))) {
    throw new ModelError(
      `${where}: no ONNX model, but Git LFS's pointer to one; fetch that with: git lfs pull`,
    );
  }
  try {
    requireFileWithinBudgets(bytes);
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    if (error instanceof ModelError) throw new ModelError(`${where}: ${error.message}`);
    throw new ModelError(
      `${where}: not an ONNX model, or cut short (${messageOf(error)}); fetch or export it again`,
      { cause: error },
    );
  }
}

interface Source {
  readonly externalData: ExternalData;
  readonly constants: readonly InputConstant[];
  readonly mostNodes: number;
}

function toModel(proto: ModelProto, where: string, source: Source): Model {
  return prefixed(where, () => {
    if (!proto.graph || proto.graph.node.length === 0) {
      throw new ModelError("no graph in it: not an ONNX model, or cut short");
    }
    const { externalData, constants, mostNodes } = source;
    const opset = opsetOf(proto);
    const inlined = withoutFunctions(proto.graph, proto, mostNodes);
    const decoded = inTopologicalOrder(decodeGraph(inlined, counted(externalData)));
    const graph = withInputConstants(decoded, constants);
    requireFinite(graph);
    const upgraded = upgradeGraph(graph, opset, mostNodes);
    const unrolled = withChannelsFirst(unrollGraph(upgraded, mostNodes));
    const metadata = new Map(proto.metadataProps.map(({ key, value }) => [key, value]));
    const derived = new DerivedTensors();
    const writing = writingOf(proto);
    return { graph: unrolled, folded: new Map(), derived, metadata, writing };
  });
}

function writingOf({ producerName, producerVersion, opsetImport }: ModelProto): Writing {
  return {
    producer: [producerName, producerVersion].filter(Boolean).join(" "),
    opsets: opsetImport.map(({ domain, version }) => ({
      domain: standardDomain(domain),
      version: Number(version),
    })),
  };
}

function opsetOf(proto: ModelProto): number {
  // without an import the file is of the time before opsets had numbers
  const opset = Number(standardOpset(proto.opsetImport) ?? 1n);
  if (opset < OLDEST_OPSET || opset > NEWEST_OPSET) {
    throw new ModelError(
      `opset ${opset} is not supported (${OLDEST_OPSET} to ${NEWEST_OPSET} are); export the model ` +
        `with opset 18, or convert it with onnx.version_converter`,
    );
  }
  return opset;
}

/**
 * Minus infinity may be a mask's, before a softmax or a maximum, and a single infinity a bound; in a
 * weight plus infinity is damage, as NaN is anywhere.
 */
function requireFinite(graph: Graph): void {
  for (const [name, tensor] of graph.initializers) {
    if (tensor.type !== "float32") continue;
    const index = firstDamaged(tensor.data);
    if (index >= 0 && (tensor.data.length > 1 || Number.isNaN(tensor.data[index]))) {
      throw new ModelError(
        `weight '${name}' holds ${tensor.data[index]} at element ${index}; the file is damaged or ` +
          `its training diverged`,
      );
    }
  }
}

/**
 * Index of the first NaN or plus infinity, or -1. All weights are looked at: a callback for each
 * takes five times as long.
 */
function firstDamaged(values: Float32Array): number {
  for (let i = 0; i < values.length; i++) if (!(values[i]! < Infinity)) return i;
  return -1;
}

function locationsIn({ graph, functions }: ModelProto): Set<string> {
  const ofFunctions = functions.flatMap(({ attributeProto, node }) => [
    ...attributeProto,
    ...node.flatMap(({ attribute }) => attribute),
  ]);
  const tensors = [...(graph ? tensorsOf(graph) : []), ...tensorsIn(ofFunctions)];
  return new Set(
    tensors
      .filter(({ dataLocation }) => dataLocation === TensorProto_DataLocation.EXTERNAL)
      .map((tensor) => externalLocation(tensor, tensor.name)),
  );
}

function tensorsOf({ initializer, sparseInitializer, node }: GraphProto): TensorProto[] {
  const attributes = node.flatMap(({ attribute }) => attribute);
  return [...initializer, ...sparseInitializer.flatMap(partsOf), ...tensorsIn(attributes)];
}

function tensorsIn(attributes: readonly AttributeProto[]): TensorProto[] {
  return attributes.flatMap(({ t, sparseTensor, g }) => [
    ...(t ? [t] : []),
    ...(sparseTensor ? partsOf(sparseTensor) : []),
    ...(g ? tensorsOf(g) : []),
  ]);
}

function partsOf({ values, indices }: SparseTensorProto): TensorProto[] {
  return [values, indices].flatMap((tensor) => tensor ?? []);
}

function noExternalData(location: string): never {
  throw new ModelError(`its weights are in the file '${location}', which was not given with it`);
}

/** Runs `action`; a ModelError gets `where` in front of its message. */
function prefixed<T>(where: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof ModelError) {
      throw new ModelError(`${where}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}
