import { writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";

import { format } from "prettier";

import packageJson from "../package.json" with { type: "json" };
import { readIfThere } from "../lib/networks/absence.ts";

/** Generated files stand where their readers look for them. */
export const RESULTS_FILE = "bench/RESULTS.md";

const TITLE =
  "# Results\n\nMade by the commands that stand below; each replaces its own sections.\n";

/** A part of the results: from its heading of the second level to the next. */
export interface Section {
  readonly title: string;
  /** Markdown. */
  readonly text: string;
}

/**
 * Puts sections into the file of results, in the place of those of the same title, others at its
 * end.
 */
export async function writeSections(path: string, sections: readonly Section[]): Promise<void> {
  const kept = new Map((await sectionsOf(path)).map(({ title, text }) => [title, text]));
  for (const { title, text } of sections) kept.set(title, text);
  const parts = [...kept].map(([title, text]) => `## ${title}\n\n${text.trim()}\n`);
  await writeFile(path, await format([TITLE, ...parts].join("\n"), { parser: "markdown" }));
}

async function sectionsOf(path: string): Promise<readonly Section[]> {
  const [, ...parts] = ((await readIfThere(path)) ?? "").split(/^## /m);
  return parts.map((part) => {
    const [title = ""] = part.split("\n", 1);
    return { title, text: part.slice(title.length) };
  });
}

/** What figures are good for: versions, and the machine. */
export function machineLine(): string {
  const { devDependencies, version } = packageJson;
  const processors = cpus();
  return [
    `dreamgrid ${version}`,
    `ONNX Runtime ${devDependencies["onnxruntime-node"]}`,
    `Node ${process.version}`,
    `${processors.length} cores of an ${processors[0]?.model ?? "unknown processor"}`,
    `${Math.round(totalmem() / 1e9)} GB`,
  ].join(", ");
}
