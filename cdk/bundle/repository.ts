import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A path from the repository's root, wherever the process was started. */
export function repositoryPath(...parts: readonly string[]): string {
  return join(ROOT, ...parts);
}
