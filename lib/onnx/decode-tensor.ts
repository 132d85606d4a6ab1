import { type TensorProto, TensorProto_DataLocation } from "onnx-buf";

import { MAX_RANK, requireWithin } from "./budgets.ts";
import { DataType, elementTypeOf, integerRange } from "./element-type.ts";
import { ModelError } from "./errors.ts";
import { externalBytes, type CountedData } from "./external-data.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "./half-float.ts";
import { floatTensor, type NumericTensor, sizeOf, type Tensor } from "./tensor.ts";

/**
 * A tensor of the file. float32, int64, int32 and bool data that lie aligned in the file's buffer
 * are views on it; other floating-point widths and small integers are converted to float32.
 *
 * @param name How messages call the tensor.
 *
 * @throws ModelError if the data do not fill the dimensions exactly.
 */
export function decodeTensor(proto: TensorProto, name: string, external: CountedData): Tensor {
  requireWithin(`tensor '${name}'`, proto.dims.length, "axes", MAX_RANK);
  const shape = proto.dims.map((length) => {
    if (length >= 0n && length <= Number.MAX_SAFE_INTEGER) return Number(length);
    throw new ModelError(`tensor '${name}': a dimension of ${length} is not possible`);
  });
  const type = elementTypeOf(proto.dataType);
  if (type === "opaque") return { type, shape, onnxType: proto.dataType };

  if (integerRange(proto.dataType)) external.take(4 * sizeOf(shape), name);
  const raw =
    proto.dataLocation === TensorProto_DataLocation.EXTERNAL
      ? externalBytes(proto, name, external)
      : proto.rawData;
  const tensor = decodeElements(proto, shape, raw.length > 0 ? raw : null);
  const given = tensor.data.length;
  if (given !== sizeOf(shape)) {
    throw new ModelError(
      `tensor '${name}' of shape [${shape.join(", ")}] wants ${sizeOf(shape)} elements, ` +
        `the file holds ${given}`,
    );
  }
  return tensor;
}

/** From little-endian bytes, or else the typed fields; half-precision bits are `int32_data`. */
function decodeElements(
  proto: TensorProto,
  shape: readonly number[],
  raw: Uint8Array | null,
): NumericTensor {
  const bytes = (width: number) => wholeElements(raw ?? new Uint8Array(), width);
  const halves = () => (raw ? new Uint16Array(...bytes(2)) : Uint16Array.from(proto.int32Data));
  const asStored = (data: Iterable<number>): NumericTensor => ({
    ...floatTensor(shape, data),
    stored: proto.dataType,
  });
  switch (proto.dataType) {
    case DataType.int64: {
      const data = raw ? new BigInt64Array(...bytes(8)) : BigInt64Array.from(proto.int64Data);
      return { type: "int64", shape, data };
    }
    case DataType.int32: {
      const data = raw ? new Int32Array(...bytes(4)) : Int32Array.from(proto.int32Data);
      return { type: "int32", shape, data };
    }
    case DataType.bool:
      return { type: "bool", shape, data: raw ?? Uint8Array.from(proto.int32Data) };
    case DataType.float16:
      return asStored(float16ToFloat32(halves()));
    case DataType.bfloat16:
      return asStored(bfloat16ToFloat32(halves()));
    case DataType.double:
      return asStored(raw ? new Float64Array(...bytes(8)) : proto.doubleData);
    case DataType.uint8:
    case DataType.int8:
    case DataType.uint16:
    case DataType.int16:
    case DataType.uint4:
    case DataType.int4:
      return asStored(smallIntegers(proto, raw, sizeOf(shape)));
    default:
      return floatTensor(shape, raw ? new Float32Array(...bytes(4)) : proto.floatData);
  }
}

/** Integers of up to 16 bits as float32; of 4 bits, two share a byte, the lower half first. */
function smallIntegers(
  { dataType, int32Data }: TensorProto,
  raw: Uint8Array | null,
  count: number,
): Float32Array {
  const bytes = (width: number) => wholeElements(raw ?? new Uint8Array(), width);
  if (dataType === DataType.uint4 || dataType === DataType.int4) {
    const pairs = raw ?? Uint8Array.from(int32Data);
    const shift = dataType === DataType.int4 ? 28 : 0;
    const values = new Float32Array(2 * pairs.length);
    pairs.forEach((pair, i) => {
      // to the top and back spreads the sign
      values[2 * i] = ((pair & 15) << shift) >> shift;
      values[2 * i + 1] = ((pair >> 4) << shift) >> shift;
    });
    // the last byte of an odd number of them is half empty
    return values.length === count + 1 ? values.subarray(0, count) : values;
  }
  if (raw === null) return Float32Array.from(int32Data);
  if (dataType === DataType.uint8) return new Float32Array(raw);
  if (dataType === DataType.int8) return new Float32Array(new Int8Array(...bytes(1)));
  if (dataType === DataType.uint16) return new Float32Array(new Uint16Array(...bytes(2)));
  return new Float32Array(new Int16Array(...bytes(2)));
}

/**
 * Arguments of a typed array of `width`-byte elements over `raw`: in place if aligned, else a copy.
 * Bytes of an incomplete last element are left out; the caller's count then does not match.
 */
function wholeElements(raw: Uint8Array, width: number): [ArrayBuffer, number, number] {
  const length = Math.floor(raw.length / width);
  if (raw.byteOffset % width === 0 && raw.buffer instanceof ArrayBuffer) {
    return [raw.buffer, raw.byteOffset, length];
  }
  const copy = new Uint8Array(raw);
  return [copy.buffer, 0, length];
}
