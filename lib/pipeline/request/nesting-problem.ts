/** A request is four levels deep; walking through far deeper ones exhausts the stack. */
const MAX_NESTING_DEPTH = 32;

/** Why a document is nested too deep, or `null`; counted level by level, which takes no stack. */
export function nestingProblem(json: unknown): string | null {
  let level: unknown[] = [json];
  for (let depth = 0; depth <= MAX_NESTING_DEPTH; depth++) {
    level = level.flatMap((value) =>
      typeof value === "object" && value !== null ? Object.values(value) : [],
    );
    if (level.length === 0) return null;
  }
  return `nested more than ${MAX_NESTING_DEPTH} levels deep; no request is`;
}
