import type { ElementType } from "./tensor.ts";

/** `TensorProto.DataType` numbers that decide how we hold a tensor. */
export const DataType = {
  float: 1,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  double: 11,
  bfloat16: 16,
} as const;

/** How we hold elements of an ONNX type: every floating-point width as float32. */
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
      return "opaque";
  }
}
