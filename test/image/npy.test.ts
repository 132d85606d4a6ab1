import { expect, test } from "vitest";

import { ImageError } from "../../lib/image/errors.ts";
import { decodeNpy, decodeNpyNumbers, encodeNpy } from "../../lib/image/npy.ts";
import { fixture } from "./fixture.ts";

const SIX = Float32Array.of(-0.5, -0.25, 0, 0.25, 0.5, 0.75);

test("our bytes are NumPy's", async () => {
  expect(Buffer.from(encodeNpy([1, 2, 3], SIX))).toEqual(Buffer.from(await fixture("float32.npy")));
  // Python's tuple of one
  expect(Buffer.from(encodeNpy([6], SIX)).toString("latin1")).toContain("'shape': (6,), }");
});

test.each(["float32.npy", "version2.npy"])("reads %s", async (name) => {
  expect(decodeNpy(await fixture(name))).toEqual({ shape: [1, 2, 3], data: SIX });
});

test("reads a number without axes", async () => {
  expect(decodeNpy(await fixture("scalar.npy"))).toEqual({ shape: [], data: Float32Array.of(2.5) });
});

test("rounds float64 to float32", async () => {
  const { shape, data } = decodeNpy(await fixture("float64.npy"));
  expect(shape).toEqual([2]);
  expect([...data]).toEqual([Math.fround(0.1), Math.fround(0.001)]);
});

test.each([[[]], [[6]], [[2, 3]], [[3, 1, 2, 1]]])("%j comes back", (shape) => {
  const data = shape.length === 0 ? Float32Array.of(Math.PI) : SIX;
  const bytes = encodeNpy(shape, data);
  expect((bytes.length - data.byteLength) % 64).toBe(0);
  // a buffer within another one, as files read in pieces are
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  expect(decodeNpy(shifted.subarray(3))).toEqual({ shape, data });
});

test("data of another length than the shape is our own mistake", () => {
  expect(() => encodeNpy([2, 2], SIX)).toThrow("given 6 values; wanted those of [2, 2]");
});

/** Of version 2, and nothing that is understood in it. */
function longHeader(length: number): Uint8Array {
  return Buffer.concat([
    Buffer.from("\x93NUMPY\x02\x00", "latin1"),
    Buffer.from(Uint32Array.of(length).buffer),
    Buffer.alloc(length, "x"),
  ]);
}

test("says what is wrong with a file", async () => {
  const whole = await fixture("float32.npy");
  const replaced = (from: string, to: string) => {
    const copy = Buffer.from(whole);
    copy.write(to, copy.indexOf(from), "latin1");
    return copy;
  };
  const cases: readonly (readonly [Uint8Array, string])[] = [
    [await fixture("int32.npy"), "holds '<i4', want '<f4' or '<f8'"],
    [await fixture("fortran.npy"), "Fortran order"],
    [replaced("<f4", ">f4"), "holds '>f4', want <f4, <f8, <f2"],
    [await fixture("rgba.png"), "does not start as a .npy file"],
    [whole.subarray(0, 11), "does not start as a .npy file"],
    [new Uint8Array(0), "does not start as a .npy file"],
    [whole.subarray(0, 40), "ends within its header"],
    [whole.subarray(0, whole.length - 1), "has 23 bytes of data, want 24"],
    [replaced("'shape': (1", "'shape': (x"), "no readable 'shape'"],
    [Uint8Array.from(whole, (byte, i) => (i === 6 ? 9 : byte)), "version 9"],
    [longHeader(1_000_000), "a header of 1000000 bytes, want at most 10000"],
  ];
  for (const [bytes, message] of cases) {
    expect(() => decodeNpy(bytes)).toThrow(ImageError);
    expect(() => decodeNpy(bytes)).toThrow(message);
  }
});

test.each<[string, string, readonly number[]]>([
  ["|b1", "0100ff", [1, 0, 255]],
  ["|i1", "80ff7f", [-128, -1, 127]],
  ["|u1", "80ff01", [128, 255, 1]],
  ["<i2", "0080ffff0100", [-32768, -1, 1]],
  ["<u2", "0080ffff", [32768, 65535]],
  ["<i4", "fffffffff0ffffff", [-1, -16]],
  ["<u4", "ffffffff01000000", [4294967295, 1]],
  ["<u8", "00000000000000800100000000000000", [2 ** 63, 1]],
  ["<i8", "fefffffffffffffff401000000000000", [-2, 500]],
  ["<f4", "0000803f000020c1", [1, -10]],
  // 1.5, -2, the largest, the smallest above 0, the smallest normal one
  ["<f2", "003e00c0ff7b01000004", [1.5, -2, 65504, 2 ** -24, 2 ** -14]],
  ["<f2", "007c00fc007e", [Infinity, -Infinity, NaN]],
  ["<f8", "000000000000f83f", [1.5]],
])("reads numbers of type %s", (type, hex, values) => {
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${values.length},), }`;
  const bytes = Buffer.concat([
    Buffer.from("\x93NUMPY\x01\x00", "latin1"),
    Buffer.from(Uint16Array.of(header.length).buffer),
    Buffer.from(header),
    Buffer.from(hex, "hex"),
  ]);
  expect(decodeNpyNumbers(bytes)).toEqual({ shape: [values.length], values });
  expect(() => decodeNpyNumbers(bytes.subarray(0, -1))).toThrow("it is damaged");
});
