import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { benchOptions } from "./options.ts";
import { machineLine, RESULTS_FILE, writeSections } from "./results-file.ts";
import { median, spread } from "./statistics.ts";

const USAGE = `npm run bench:first-tile -- [--rounds 5] [--out ${RESULTS_FILE}]

Times \`dreamgrid dream\` of one channel, each as a process of its own: until its tile is on the disk,
until its end, and the CPU time of all its threads (on Linux). A first round, which is not counted,
makes the bundle, fetches GoogLeNet unless DREAMGRID_MODELS has it, and fills the file cache. The
medians go into the file of results. Nothing else should run on the machine.`;

/** Requests on the command line, of channels that are drawn once: a poor picture is drawn again. */
const CASES = [
  "emojinet --layer conv1-7x7_s2 --channels 4 --num-iterations 10",
  "emojinet --layer inception_3b-1x1 --channels 1",
  "googlenet --layer inception_4c-1x1 --channels 1",
];

const COMMAND = fileURLToPath(new URL("../local/bin/dreamgrid.mjs", import.meta.url));
/** Often enough for hundredths of a second, and no load of its own. */
const LOOK_EVERY_MS = 8;
/** Of Linux's clock ticks, in which it counts CPU time. */
const TICK_SECONDS = 0.01;

/** Seconds. */
interface Timing {
  readonly "first tile": number;
  readonly end: number;
  readonly CPU: number;
}

const values = benchOptions(USAGE, { rounds: "5", out: RESULTS_FILE });

const timings = new Map<string, Timing[]>();
for (let round = 0; round <= Number(values.rounds); round++) {
  for (const words of CASES) {
    const timing = await timed(words.split(" "));
    if (round > 0) timings.set(words, [...(timings.get(words) ?? []), timing]);
  }
}
const FIGURES = ["first tile", "end", "CPU"] as const;
const rows = [...timings].map(([words, of]) => {
  const shown = FIGURES.map((name) => {
    const seconds = of.map((timing) => timing[name]);
    return `${median(seconds).toFixed(2)} s (${spread(seconds)})`;
  });
  process.stdout.write(`${words}: ${FIGURES.map((name, i) => `${name} ${shown[i]}`).join(", ")}\n`);
  return `| \`${words}\` | ${shown.join(" | ")} |`;
});
const text = `\`dream\` of one channel, each time a process of its own. Made by \`npm run bench:first-tile -- --rounds ${values.rounds}\`: ${machineLine()}, load ${loadavg()[0]!.toFixed(1)} at the end. Medians of ${values.rounds}, spreads in brackets; CPU is that of all threads.

| request | first tile | whole command | CPU |
| --- | --- | --- | --- |
${rows.join("\n")}
`;
await writeSections(values.out, [{ title: "The first tile", text }]);
process.stdout.write(`${values.out}\n`);

async function timed(words: readonly string[]): Promise<Timing> {
  const out = await mkdtemp(join(tmpdir(), "dreamgrid-bench-"));
  try {
    return await timedInto(out, words);
  } finally {
    await rm(out, { recursive: true });
  }
}

/** Seconds of one rendering. @throws Error if it fails */
async function timedInto(out: string, words: readonly string[]): Promise<Timing> {
  const [network, , layer] = words;
  const tiles = join(out, `${network}-${layer}.tiles`);
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const child = spawn(process.execPath, [COMMAND, "dream", ...words, "--out", out, "--quiet"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  let [firstTile, end, cpu] = [NaN, NaN, NaN];
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("exit", (code) => {
      end = seconds();
      resolve(code);
    });
  });
  while (Number.isNaN(end)) {
    if (Number.isNaN(firstTile) && existsSync(tiles) && readdirSync(tiles).length > 0) {
      firstTile = seconds();
    }
    cpu = cpuSeconds(child.pid) ?? cpu;
    await Promise.race([sleep(LOOK_EVERY_MS), ended]);
  }
  const code = await ended;
  if (code !== 0) throw new Error(`dream ${words.join(" ")} ended with exit code ${code}`);
  return { "first tile": firstTile, end, CPU: cpu };
}

/** Of a process and its threads so far; `null` where the system does not tell, or it has ended. */
function cpuSeconds(pid: number | undefined): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // user and system time, after a name that may have spaces in it; none of one that has ended
    const fields = stat.slice(stat.lastIndexOf(")")).split(" ");
    const ticks = Number(fields[12]) + Number(fields[13]);
    return ticks > 0 ? ticks * TICK_SECONDS : null;
  } catch {
    return null;
  }
}
