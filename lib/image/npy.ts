import { ImageError } from "./errors.ts";

/** A float array as NumPy stores it, C order. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const MAGIC = "\x93NUMPY";
const ALIGNMENT = 64; // bytes; NumPy starts the data there so that it can be mapped
const PREFIX_V1 = 10; // magic, version, 16-bit header length
const MAX_HEADER_BYTES = 10_000; // as NumPy reads; what is not understood of it is told

/**
 * A `.npy` file, version 1.0, little-endian float32 in C order (NumPy's NEP 1).
 *
 * @throws RangeError for numbers that do not fill the shape
 */
export function encodeNpy(shape: readonly number[], data: Float32Array): Uint8Array {
  if (shape.reduce((size, axis) => size * axis, 1) !== data.length) {
    throw new RangeError(`given ${data.length} values; wanted those of [${shape.join(", ")}]`);
  }
  const axes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': (${axes}), }`;
  const dataStart = Math.ceil((PREFIX_V1 + description.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = `${description.padEnd(dataStart - PREFIX_V1 - 1)}\n`;

  const bytes = new Uint8Array(dataStart + data.length * 4);
  const view = new DataView(bytes.buffer);
  bytes.set(Buffer.from(MAGIC, "latin1"));
  view.setUint8(6, 1);
  view.setUint16(8, header.length, true);
  bytes.set(Buffer.from(header, "latin1"), PREFIX_V1);
  for (const [i, value] of data.entries()) view.setFloat32(dataStart + i * 4, value, true);
  return bytes;
}

/**
 * Reads a `.npy` file of versions 1 to 3 with float32, or float64 rounded to float32.
 *
 * @throws ImageError saying what in the file is not as wanted
 */
export function decodeNpy(bytes: Uint8Array): NpyArray {
  const { type, shape, data, count } = parseNpy(bytes);
  if (type !== "<f4" && type !== "<f8") {
    throw new ImageError(`the .npy file holds '${type}', want '<f4' or '<f8'; save it as float32`);
  }
  return { shape, data: Float32Array.from({ length: count }, (_, i) => ITEMS[type].read(data, i)) };
}

/** A number's bytes, and how it is read at its place among others. */
interface Item {
  readonly bytes: number;
  readonly read: (data: DataView, place: number) => number;
}

/** By NumPy's own names of types; `|` where bytes have no order. */
const ITEMS = {
  "<f4": { bytes: 4, read: (data, i) => data.getFloat32(i * 4, true) },
  "<f8": { bytes: 8, read: (data, i) => data.getFloat64(i * 8, true) },
  "<f2": { bytes: 2, read: (data, i) => halfPrecision(data.getUint16(i * 2, true)) },
  "<i8": { bytes: 8, read: (data, i) => Number(data.getBigInt64(i * 8, true)) },
  "<u8": { bytes: 8, read: (data, i) => Number(data.getBigUint64(i * 8, true)) },
  "<i4": { bytes: 4, read: (data, i) => data.getInt32(i * 4, true) },
  "<u4": { bytes: 4, read: (data, i) => data.getUint32(i * 4, true) },
  "<i2": { bytes: 2, read: (data, i) => data.getInt16(i * 2, true) },
  "<u2": { bytes: 2, read: (data, i) => data.getUint16(i * 2, true) },
  "|i1": { bytes: 1, read: (data, i) => data.getInt8(i) },
  "|u1": { bytes: 1, read: (data, i) => data.getUint8(i) },
  "|b1": { bytes: 1, read: (data, i) => data.getUint8(i) },
} as const satisfies Readonly<Record<string, Item>>;

/** IEEE binary16: 1 sign bit, 5 exponent bits of bias 15, 10 bits of the fraction. */
function halfPrecision(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = (bits & 0x3ff) / 0x400;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15));
}

const isItem = (type: string): type is keyof typeof ITEMS => Object.hasOwn(ITEMS, type);

/**
 * The numbers of a `.npy` file of whole numbers, truth values or floats of 16, 32 or 64 bits.
 *
 * @throws ImageError as `decodeNpy`
 */
export function decodeNpyNumbers(bytes: Uint8Array): {
  readonly shape: readonly number[];
  readonly values: readonly number[];
} {
  const { type, shape, data, count } = parseNpy(bytes);
  const { read }: Item = ITEMS[type];
  return { shape, values: Array.from({ length: count }, (_, i) => read(data, i)) };
}

function parseNpy(bytes: Uint8Array) {
  const { header, dataStart } = splitHeader(bytes);
  const type = headerField(header, /'descr':\s*'([^']*)'/, "descr");
  if (!isItem(type)) {
    throw new ImageError(
      `the .npy file holds '${type}', want ${Object.keys(ITEMS).join(", ")}; save it as float32`,
    );
  }
  if (headerField(header, /'fortran_order':\s*(True|False)/, "fortran_order") === "True") {
    throw new ImageError(
      "the .npy file is in Fortran order, want C order; save it with np.ascontiguousarray",
    );
  }
  const axes = headerField(header, /'shape':\s*\(([\d,\s]*)\)/, "shape");
  const shape = axes
    .split(",")
    .filter((axis) => axis.trim() !== "")
    .map(Number);
  const count = shape.reduce((size, axis) => size * axis, 1);
  const wanted = count * ITEMS[type].bytes;
  const given = bytes.length - dataStart;
  if (given !== wanted) {
    throw new ImageError(
      `the .npy file has ${given} bytes of data, want ${wanted} for [${shape.join(", ")}] of '${type}'; it is damaged`,
    );
  }
  return {
    type,
    shape,
    count,
    data: new DataView(bytes.buffer, bytes.byteOffset + dataStart, given),
  };
}

function splitHeader(bytes: Uint8Array): { readonly header: string; readonly dataStart: number } {
  const latin1 = (start: number, end: number) =>
    Buffer.from(bytes.subarray(start, end)).toString("latin1");
  if (latin1(0, MAGIC.length) !== MAGIC || bytes.length < PREFIX_V1 + 2) {
    throw new ImageError("the file does not start as a .npy file does; write it with np.save");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint8(6);
  if (version < 1 || version > 3) {
    throw new ImageError(`the .npy file is of version ${version}, want 1, 2 or 3`);
  }
  const start = version === 1 ? PREFIX_V1 : PREFIX_V1 + 2;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (start + length > bytes.length) {
    throw new ImageError("the .npy file ends within its header; it is damaged");
  }
  if (length > MAX_HEADER_BYTES) {
    throw new ImageError(
      `the .npy file has a header of ${length} bytes, want at most ${MAX_HEADER_BYTES}; it is damaged`,
    );
  }
  return { header: latin1(start, start + length), dataStart: start + length };
}

function headerField(header: string, pattern: RegExp, name: string): string {
  const value = pattern.exec(header)?.[1];
  if (value === undefined) {
    throw new ImageError(`the .npy file's header has no readable '${name}': ${header.trim()}`);
  }
  return value;
}
