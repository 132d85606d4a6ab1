import type { Feeds } from "./session.ts";

/**
 * Memory of some tensors, to be moved to another thread instead of copied. A tensor that is a part
 * of a larger buffer is left out: it is copied.
 */
export function buffersOf(tensors: Feeds, names: readonly string[]): ArrayBuffer[] {
  return names.flatMap((name) => {
    const data = tensors[name]?.data;
    const isWhole =
      data?.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength;
    return isWhole ? [data.buffer] : [];
  });
}
