import { dirname } from "node:path";

import { NetworkError } from "../../lib/networks/errors.ts";
import { classesOf, whyNoLabels } from "../../lib/networks/labels.ts";
import { fetchNetwork } from "./network.ts";
import type { Terminal } from "./terminal.ts";

/** Prints a class a line: its 1-based channel, a tab, its name. */
export async function runLabels(
  idOrPath: string,
  indices: readonly number[],
  terminal: Terminal,
): Promise<void> {
  const { labels, description, modelPath } = await fetchNetwork(idOrPath, terminal);
  if (labels === null) {
    const remedy =
      description.labels === null
        ? `give them with: dreamgrid models add ${modelPath} --id ID --labels FILE`
        : `put it into ${dirname(modelPath)}`;
    throw new NetworkError(`${whyNoLabels(description)}; ${remedy}`);
  }
  for (const { channel, name } of classesOf(labels, indices)) terminal.print(`${channel}\t${name}`);
}
