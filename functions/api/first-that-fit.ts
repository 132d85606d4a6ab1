/**
 * Of a function's answer, less a reserve for what is around the items: Lambda gives up one of more
 * than 6 MiB.
 */
const MAX_ITEM_BYTES = 5.5 * 2 ** 20;

/** So many of the items, one at least, as one answer of the API can hold. */
export function firstThatFit<T>(items: readonly T[]): T[] {
  let bytes = 0;
  const tooMany = items.findIndex((item, i) => {
    bytes += bytesOf(item);
    return i > 0 && bytes > MAX_ITEM_BYTES;
  });
  return tooMany < 0 ? [...items] : items.slice(0, tooMany);
}

/** Whether one answer of the API can hold it. */
export function fits(item: unknown): boolean {
  return bytesOf(item) <= MAX_ITEM_BYTES;
}

/** A function answers with its body as a string in JSON: each quote is escaped. */
const bytesOf = (item: unknown) => Buffer.byteLength(JSON.stringify(JSON.stringify(item)));
