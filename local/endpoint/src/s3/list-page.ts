import type { ObjectRecord } from "../storage/object-record.ts";
import type { ObjectStore } from "../storage/object-store.ts";

export interface PageOptions {
  readonly prefix: string;
  readonly delimiter: string | null;
  /** Objects and common prefixes together. */
  readonly maxKeys: number;
  /** List only names greater than this one, a common prefix being a name too. */
  readonly after: string | null;
}

export interface Page {
  readonly objects: readonly ObjectRecord[];
  readonly commonPrefixes: readonly string[];
  /** `after` for the next page, or `null` if this is the last. */
  readonly next: string | null;
}

/**
 * One page of a listing, in order of UTF-8 bytes.
 *
 * Costs a binary search for each common prefix, however many keys it stands for.
 */
export function listPage(
  store: ObjectStore,
  { prefix, delimiter, maxKeys, after }: PageOptions,
): Page {
  const { keys } = store;
  const objects: ObjectRecord[] = [];
  const commonPrefixes: string[] = [];
  const commonPrefixOf = (key: string): string | null => {
    const end = delimiter === null ? -1 : key.indexOf(delimiter, prefix.length);
    return delimiter === null || end < 0 ? null : key.slice(0, end + delimiter.length);
  };

  let index = keys.indexFrom(prefix);
  if (after !== null) {
    // continuing after a common prefix skips everything it stands for
    const isPrefix = after.startsWith(prefix) && commonPrefixOf(after) === after;
    index = Math.max(index, isPrefix ? keys.indexAfterPrefix(after) : keys.indexAfter(after));
  }
  let last: string | null = null;
  for (; objects.length + commonPrefixes.length < maxKeys;) {
    const key = keys.at(index);
    if (key === undefined || !key.startsWith(prefix))
      return { objects, commonPrefixes, next: null };
    const common = commonPrefixOf(key);
    const object = store.get(key);
    if (object === undefined)
      throw new Error(`internal: '${key}' is in the index and has no record`);
    if (common === null) objects.push(object);
    else commonPrefixes.push(common);
    last = common ?? key;
    index = common === null ? index + 1 : keys.indexAfterPrefix(common);
  }
  const isMore = keys.at(index)?.startsWith(prefix) === true;
  // a page of no keys has nothing to be continued from
  return { objects, commonPrefixes, next: isMore ? last : null };
}
