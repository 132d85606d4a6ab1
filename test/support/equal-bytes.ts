import { expect } from "vitest";

/** Set up once in a process, in which many test files run one after the other. */
const IS_SET_UP = Symbol.for("dreamgrid: equal bytes");

if (!(IS_SET_UP in globalThis)) {
  Object.defineProperty(globalThis, IS_SET_UP, { value: true });
  expect.addEqualityTesters([haveEqualBytes]);
}

/**
 * Arrays of one type with the same bytes are equal. Element by element, as they are compared
 * otherwise, 300,000 take more than a second.
 *
 * @returns `undefined` for all else, which is compared, and told of, as ever
 */
function haveEqualBytes(a: unknown, b: unknown): true | undefined {
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b)) return undefined;
  return (a.constructor === b.constructor && bytesOf(a).equals(bytesOf(b))) || undefined;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
