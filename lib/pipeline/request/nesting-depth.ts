/** A request is four levels deep; walking through far deeper ones exhausts the stack. */
export const MAX_NESTING_DEPTH = 32;

/** Levels of lists and objects in a document. Counted level by level, which takes no stack. */
export function nestingDepth(json: unknown): number {
  let level: unknown[] = [json];
  for (let depth = 0; ; depth++) {
    level = level.flatMap((value) =>
      typeof value === "object" && value !== null ? Object.values(value) : [],
    );
    if (level.length === 0) return depth;
  }
}
