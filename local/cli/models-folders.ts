import { statSync } from "node:fs";
import { delimiter } from "node:path";

import { type Environment, givenFolders } from "../../lib/networks/folders.ts";

/** What is wrong with `DREAMGRID_MODELS`; `null` for nothing. */
export function modelsFoldersProblem(env: Environment): string | null {
  const missing = givenFolders(env).find(
    (folder) => !statSync(folder, { throwIfNoEntry: false })?.isDirectory(),
  );
  if (missing === undefined) return null;
  return `DREAMGRID_MODELS: there is no folder ${missing}; name folders that hold <id>/network.json, with '${delimiter}' between them, or unset it`;
}
