import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";

import { networkFolders } from "../lib/networks/folders.ts";
import { openNetwork } from "../lib/networks/registry.ts";
import { JOBS, type Job } from "./jobs.ts";
import { median, spread } from "./statistics.ts";

const run = promisify(execFile);

const USAGE = `npm run bench -- [--python PYTHON --reference ascent.py] [--jobs 1,3,4] [--rounds 3]

Times the example's jobs on GoogLeNet, each in a process of its own: our engine, and between our
runs the same ascent in PyTorch where a Python with torch and the reference script are named.
Medians and ratios of one run on one machine; nothing else should run on it.`;

const { values } = parseArgs({
  options: {
    python: { type: "string" },
    reference: { type: "string" },
    jobs: { type: "string", default: "1,3,4" },
    rounds: { type: "string", default: "3" },
    threads: { type: "string", default: String(cpus().length) },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit();
}

interface Timing {
  readonly seconds: number;
  /** Peak resident memory of the process, MB; not known of the reference. */
  readonly peakMb?: number;
  readonly firstSeconds?: number;
}

const { modelPath } = await openNetwork("googlenet", networkFolders(process.env));
const jobs = values.jobs.split(",").map((id) => {
  const job = JOBS.find((candidate) => candidate.id === id);
  if (job) return job;
  throw new Error(
    `there is no job '${id}'; the jobs are ${JOBS.map((each) => each.id).join(", ")}`,
  );
});
if (values.reference !== undefined) await access(values.reference);

process.stdout.write(
  `${cpus()[0]?.model ?? "unknown processor"}, ${cpus().length} cores, ` +
    `${Math.round(totalmem() / 1e9)} GB, Node ${process.version}, ${values.rounds} rounds\n\n`,
);
for (const job of jobs) await compare(job);

/** Interleaved, so that both meet the same load on a shared machine. */
async function compare(job: Job): Promise<void> {
  const ours: Timing[] = [];
  const reference: Timing[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    ours.push(await timeEngine(job));
    if (values.python !== undefined && values.reference !== undefined) {
      reference.push(await timeReference(job, values.python, values.reference));
    }
  }
  const ourSeconds = ours.map(({ seconds }) => seconds);
  const memory = Math.max(...ours.map(({ peakMb }) => peakMb ?? 0));
  const first = median(ours.map(({ firstSeconds }) => firstSeconds ?? NaN));
  process.stdout.write(
    `job ${job.id}  ${job.title}\n` +
      `  dreamgrid ${median(ourSeconds).toFixed(2)} s (${spread(ourSeconds)}), first run ${first.toFixed(2)} s, peak ${memory} MB\n`,
  );
  if (reference.length === 0) {
    process.stdout.write("  no reference: name --python and --reference\n");
    return;
  }
  const torchSeconds = reference.map(({ seconds }) => seconds);
  process.stdout.write(
    `  PyTorch   ${median(torchSeconds).toFixed(2)} s (${spread(torchSeconds)})\n` +
      `  ratio     ${(median(ourSeconds) / median(torchSeconds)).toFixed(2)}\n`,
  );
}

async function timeEngine(job: Job): Promise<Timing> {
  const script = fileURLToPath(new URL("engine-run.ts", import.meta.url));
  const { stdout } = await run(process.execPath, [
    "--import",
    "tsx",
    script,
    job.id,
    values.threads,
  ]);
  return JSON.parse(stdout) as Timing;
}

async function timeReference(job: Job, python: string, script: string): Promise<Timing> {
  const flags = {
    model: modelPath,
    layer: job.tensor,
    iterations: job.iterations,
    levels: job.levels,
    objective: "rectified",
    tile: job.crop,
    threads: values.threads,
    repeats: 1,
  };
  const words = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const { stdout } = await run(python, [
    script,
    "time",
    ...words,
    "--channels",
    ...job.channels.map(String),
  ]);
  return JSON.parse(stdout) as Timing;
}
