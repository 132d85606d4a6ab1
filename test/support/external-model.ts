import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
} from "onnx-buf";

import { tinyModel } from "../networks/tiny-model.ts";

/**
 * A model whose weight lies in a file beside it, as PyTorch writes one since 2.9, under `location`
 * (its default: the model's name and `.data`).
 *
 * @returns the model's bytes, and the other file's
 */
export function externalModel(location: string): readonly [model: Uint8Array, data: Uint8Array] {
  const model = fromBinary(ModelProtoSchema, tinyModel([1, 3, 16, 18]));
  const data = moveOut(model.graph!.initializer[0]!, { location, offset: 0 });
  return [toBinary(ModelProtoSchema, model), data];
}

/** Lets a tensor say where its bytes lie in another file. @returns the bytes */
export function moveOut(
  tensor: TensorProto,
  to: { readonly location: string; readonly offset: number },
): Uint8Array {
  const bytes = tensor.rawData;
  pointOutside(tensor, { ...to, length: bytes.length });
  return bytes;
}

/** Has a tensor's bytes looked for in another file, whatever is there. */
export function pointOutside(
  tensor: TensorProto,
  entries: Readonly<Record<string, string | number>>,
): void {
  tensor.rawData = new Uint8Array();
  tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
  tensor.externalData = Object.entries(entries).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value: String(value) }),
  );
}

/** Writes it as `net.onnx` into a folder. @returns the model's path */
export async function writeExternalModel(folder: string, location: string): Promise<string> {
  const [model, data] = externalModel(location);
  const path = join(folder, "net.onnx");
  await mkdir(dirname(join(folder, location)), { recursive: true });
  await writeFile(path, model);
  await writeFile(join(folder, location), data);
  return path;
}
