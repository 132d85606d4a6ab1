import { TensorProto_DataType } from "onnx-buf";

import type { ElementType, Tensor } from "./tensor.ts";

/** `TensorProto.DataType` numbers that decide how we hold a tensor. */
export const DataType = {
  float: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  double: 11,
  bfloat16: 16,
  uint4: 21,
  int4: 22,
} as const;

/** As what a value that we hold is written. */
export const ONNX_TYPE: Readonly<Record<Exclude<ElementType, "opaque">, number>> = {
  float32: DataType.float,
  int64: DataType.int64,
  int32: DataType.int32,
  bool: DataType.bool,
};

/**
 * The smallest and the largest integer of the types that quantised networks are rounded to, and
 * that float32 holds exactly; `null` for any other type.
 */
export function integerRange(onnxType: number): readonly [least: number, most: number] | null {
  switch (onnxType) {
    case DataType.uint8:
      return [0, 255];
    case DataType.int8:
      return [-128, 127];
    case DataType.uint16:
      return [0, 65_535];
    case DataType.int16:
      return [-32_768, 32_767];
    case DataType.uint4:
      return [0, 15];
    case DataType.int4:
      return [-8, 7];
    default:
      return null;
  }
}

/**
 * How we hold elements of an ONNX type: every floating-point width as float32, and integers of up
 * to 16 bits too, which stand for such numbers in quantised networks.
 */
export function elementTypeOf(onnxType: number): ElementType {
  switch (onnxType) {
    case DataType.float:
    case DataType.float16:
    case DataType.double:
    case DataType.bfloat16:
      return "float32";
    case DataType.int64:
      return "int64";
    case DataType.int32:
      return "int32";
    case DataType.bool:
      return "bool";
    default:
      return integerRange(onnxType) ? "float32" : "opaque";
  }
}

/** The `TensorProto.DataType` number of a name such as "FLOAT"; `null` where there is none. */
export function typeNamed(name: string): number | null {
  const number = new Map(Object.entries(TensorProto_DataType)).get(name);
  return typeof number === "number" ? number : null;
}

/** What the elements of a tensor are in the file, as people call it: "float16", "int8". */
export function typeNameOf(tensor: Tensor): string {
  const { type } = tensor;
  if (type === "opaque") return nameOf(tensor.onnxType);
  return nameOf((type === "float32" ? tensor.stored : undefined) ?? ONNX_TYPE[type]);
}

/** @param onnxType `TensorProto.DataType` number */
function nameOf(onnxType: number): string {
  if (onnxType === DataType.float) return "float32";
  if (onnxType === DataType.double) return "float64";
  return (TensorProto_DataType[onnxType] ?? `type ${onnxType}`).toLowerCase();
}
