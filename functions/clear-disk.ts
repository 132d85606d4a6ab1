import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

import { hasCode } from "../lib/networks/absence.ts";
import { PART_ENDING } from "../lib/networks/whole.ts";

/** How all that we write to the folder for temporary files is called. */
const OURS = "dreamgrid-";

/**
 * Frees a disk of what another process has left on it. Lambda ends one that takes too much time or
 * memory without a word, and starts the next on the same disk: graphs that were being compiled,
 * hundreds of megabytes each, files that are not whole, and copies of networks that nobody counts
 * any more. The network that was copied last stays, for the call that was ended comes again.
 *
 * @param folder for temporary files; no other process may be at work in it
 * @param networks where networks are copied to
 */
export function clearDisk(folder: string, networks: string): void {
  const ours = pathsIn(folder).filter((path) => path.startsWith(join(folder, OURS)));
  const copiedAt = (path: string) => statSync(path).mtimeMs;
  const copies = pathsIn(networks).toSorted((a, b) => copiedAt(b) - copiedAt(a));
  const left = [
    ...ours.filter((path) => path !== networks),
    ...copies.slice(1),
    ...copies.slice(0, 1).flatMap((copy) => pathsIn(copy, true).filter(isPart)),
  ];
  for (const path of left) rmSync(path, { recursive: true, force: true });
}

const isPart = (path: string) => path.endsWith(PART_ENDING);

/** None where there is no such folder. @param deep with those in its folders */
function pathsIn(folder: string, deep = false): readonly string[] {
  try {
    return readdirSync(folder, { recursive: deep, encoding: "utf8" }).map((name) =>
      join(folder, name),
    );
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}
