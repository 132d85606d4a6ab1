import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";

import { EXAMPLES } from "../local/cli/named-requests.ts";
import { machineLine } from "./results-file.ts";
import { median, spread } from "./statistics.ts";

const run = promisify(execFile);

const USAGE = `npm run bench:pipeline -- [--rounds 3] [request.json ...]

Times requests (default: the emojinet examples that \`dream\` draws) through the whole pipeline, as
\`dream\` runs them, and between those runs by the engine alone. Whole processes, from start to end;
nothing else should run on the machine.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "3" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit();
}
const requests = positionals.length > 0 ? positionals : EXAMPLES;

const engine: number[] = [];
const pipeline: number[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  engine.push(await seconds([here("examples-run.ts"), ...requests]));
  const out = await mkdtemp(join(tmpdir(), "dreamgrid-bench-"));
  try {
    const dream = [here("../local/cli/main.ts"), "dream", "--out", out, ...requests];
    pipeline.push(await seconds(dream));
  } finally {
    await rm(out, { recursive: true });
  }
}
process.stdout.write(
  `${machineLine()}\n` +
    `engine alone ${median(engine).toFixed(1)} s (${spread(engine)})\n` +
    `dream        ${median(pipeline).toFixed(1)} s (${spread(pipeline)})\n` +
    `ratio        ${(median(pipeline) / median(engine)).toFixed(2)}\n`,
);

/** Wall time of a script of ours. */
async function seconds(words: readonly string[]): Promise<number> {
  const started = performance.now();
  await run(process.execPath, ["--import", "tsx", ...words]);
  return (performance.now() - started) / 1000;
}

function here(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}
