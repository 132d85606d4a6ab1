import { isAbsolute, win32 } from "node:path";

import type { TensorProto } from "onnx-buf";

import { MAX_MADE_ELEMENTS, MAX_WEIGHT_BYTES, requireWithin } from "./budgets.ts";
import { ModelError } from "./errors.ts";

/** The bytes of a file beside the model, by its `location` as the model spells it. */
export type ExternalData = (location: string) => Uint8Array;

/** As `ExternalData`, and counts the bytes that tensors take of it. */
export interface CountedData {
  readonly file: ExternalData;
  /** @throws BudgetError */
  readonly take: (bytes: number, name: string) => void;
  /** Counts elements that are made of fewer in the file. @throws BudgetError */
  readonly make: (elements: number, name: string) => void;
}

export function counted(file: ExternalData): CountedData {
  let [taken, made] = [0, 0];
  const take = (bytes: number, name: string) => {
    taken += bytes;
    requireWithin(`tensor '${name}'`, taken, "bytes up to it", MAX_WEIGHT_BYTES);
  };
  const make = (elements: number, name: string) => {
    made += elements;
    requireWithin(`tensor '${name}'`, made, "elements up to it", MAX_MADE_ELEMENTS);
  };
  return { file, take, make };
}

/**
 * The bytes of a tensor kept in a file beside the model, as a view on that file's bytes.
 *
 * @throws ModelError if the location leaves the model's folder or the file is too short.
 */
export function externalBytes(proto: TensorProto, name: string, external: CountedData): Uint8Array {
  const location = externalLocation(proto, name);
  const file = external.file(location);
  const offset = entry(proto, name, "offset") ?? 0;
  const length = entry(proto, name, "length") ?? file.length - offset;
  if (length < 0 || offset + length > file.length) {
    throw new ModelError(
      `tensor '${name}': its bytes ${offset} to ${offset + length} lie outside the external data ` +
        `file '${location}' of ${file.length} bytes; fetch that file again`,
    );
  }
  external.take(length, name);
  return file.subarray(offset, offset + length);
}

/**
 * The location of a tensor's external data file, relative to the model's folder.
 *
 * @throws ModelError for one outside that folder: a model must not make us read other files.
 */
export function externalLocation(proto: TensorProto, name: string): string {
  const location = proto.externalData.find(({ key }) => key === "location")?.value ?? "";
  const leaves = location.split(/[/\\]/).includes("..");
  if (location === "" || leaves || isAbsolute(location) || win32.isAbsolute(location)) {
    throw new ModelError(
      `tensor '${name}': external data location '${location}' must be a path inside the model's folder`,
    );
  }
  return location;
}

function entry(proto: TensorProto, name: string, key: string): number | null {
  const text = proto.externalData.find((candidate) => candidate.key === key)?.value;
  if (text === undefined) return null;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new ModelError(`tensor '${name}': external data ${key} '${text}' is not a number of bytes`);
}
