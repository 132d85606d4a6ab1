import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import type { Log } from "../../functions/log.ts";
import { isAbsence } from "../../lib/networks/absence.ts";
import type { KeptLooks } from "../../lib/pipeline/dataset/dataset-looks.ts";
import { writeWhole } from "../cli/write-whole.ts";

/** Keeps looks in a folder, a file for each network; what cannot be read or written is told. */
export function looksIn(folder: string, log: Log): KeptLooks {
  const pathOf = (networkId: string) => join(folder, `${networkId}.look`);
  return {
    find: async (networkId) => {
      try {
        return await readFile(pathOf(networkId));
      } catch (error) {
        if (!isAbsence(error)) log.error("a look at photographs cannot be read", { error });
        return null;
      }
    },
    keep: async (networkId, look) => {
      try {
        await mkdir(folder, { recursive: true });
        await writeWhole([pathOf(networkId), look]);
      } catch (error) {
        log.error("a look at photographs cannot be kept", { error });
      }
    },
  };
}
