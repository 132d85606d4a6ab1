import { NetworkError } from "../../lib/networks/errors.ts";
import { classesOf } from "../../lib/networks/labels.ts";
import { fetchNetwork } from "./network.ts";
import type { Terminal } from "./terminal.ts";

/** Prints a class a line: its 1-based channel, a tab, its name. */
export async function runLabels(
  idOrPath: string,
  indices: readonly number[],
  terminal: Terminal,
): Promise<void> {
  const { labels } = await fetchNetwork(idOrPath, terminal);
  if (labels === null) {
    throw new NetworkError(
      `the class names of '${idOrPath}' are not known; give them with: dreamgrid models add --labels FILE`,
    );
  }
  for (const { channel, name } of classesOf(labels, indices)) terminal.print(`${channel}\t${name}`);
}
