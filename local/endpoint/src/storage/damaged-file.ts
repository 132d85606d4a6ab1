import * as z from "zod";

/**
 * A file of the endpoint's own that something else changed, or that a power cut left half written.
 */
export class DamagedFileError extends Error {
  override readonly name = "DamagedFileError";

  /** @param path of the file, and where it is known the line */
  constructor(path: string, reason: string, remedy: string, cause: unknown) {
    super(`${path}: ${reason}; it was damaged by something else: ${remedy}`, { cause });
  }
}

/** What `read` makes of a file. @throws DamagedFileError if that fails */
export function readOwnFile<T>(path: string, remedy: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof DamagedFileError) throw error;
    throw new DamagedFileError(path, reasonOf(error), remedy, error);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError) return "not JSON";
  if (!(error instanceof z.ZodError)) return error instanceof Error ? error.message : String(error);
  const [issue] = error.issues;
  return `not a record of ours (${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""})`;
}
