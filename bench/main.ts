import { access } from "node:fs/promises";
import { cpus } from "node:os";

import { networkFolders } from "../lib/networks/folders.ts";
import { openNetwork } from "../lib/networks/registry.ts";
import { child } from "./child.ts";
import { type Job, jobOf } from "./jobs.ts";
import { benchOptions } from "./options.ts";
import type { Pytorch } from "./pytorch.ts";
import { formsOf, inForm, nameOf, quickest } from "./pytorch-forms.ts";
import { print } from "./print.ts";
import { machineLine, RESULTS_FILE, writeSections } from "./results-file.ts";
import { median, spread } from "./statistics.ts";

const USAGE = `npm run bench -- [--python PYTHON --reference ascent.py] [--jobs 1,3,4] [--rounds 5] [--out ${RESULTS_FILE}]

Times the example's jobs on GoogLeNet, each in a process of its own: our engine, and between our
runs the same ascent in PyTorch where a Python with torch and the reference script are named. Of
PyTorch's forms (layouts of its tensors, threads, processes) each job is timed in the one that is
quickest at four iterations. With PyTorch the medians and ratios of the run go into the file of
results. Nothing else should run on the machine.`;

const values = benchOptions(
  USAGE,
  { jobs: "1,3,4", rounds: "5", threads: String(cpus().length), out: RESULTS_FILE },
  ["python", "reference"],
);

/** What engine-run.ts prints. */
interface EngineRun {
  readonly seconds: number;
  /** Of the first run, which compiles the graphs. */
  readonly firstSeconds: number;
  /** Peak resident memory of the process. */
  readonly peakMb: number;
  /** Of the rate of plain convolutions, that the products of its passes reach. */
  readonly share: number;
}

const { modelPath } = await openNetwork("googlenet", networkFolders(process.env));
const jobs = values.jobs.split(",").map(jobOf);
const pytorch = await namedPytorch();

print(`${machineLine()}, ${values.rounds} rounds\n`);
const rows: string[] = [];
let torch = "";
for (const job of jobs) rows.push(await compare(job));
if (pytorch !== null) {
  await writeSections(values.out, [{ title: "The example's jobs against PyTorch", text: text() }]);
  print(values.out);
}

/** Interleaved, so that both meet the same load on a shared machine. */
async function compare(job: Job): Promise<string> {
  print(`job ${job.id}  ${job.title}`);
  const form =
    pytorch === null
      ? null
      : await quickest(formsOf(Number(values.threads)), job, pytorch, (each, seconds) =>
          print(`  PyTorch for a try: ${seconds.toFixed(2)} s, ${nameOf(each)}`),
        );
  const ours: EngineRun[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    ours.push(await child<EngineRun>("engine-run.ts", [job.id, values.threads]));
    if (pytorch === null || form === null) continue;
    const answer = await inForm(form, job, pytorch);
    theirs.push(answer.seconds);
    torch = answer.torch;
  }
  const seconds = ours.map((each) => each.seconds);
  const peakMb = Math.max(...ours.map((each) => each.peakMb));
  const share = `${(100 * median(ours.map((each) => each.share))).toFixed(0)} %`;
  const first = median(ours.map(({ firstSeconds }) => firstSeconds)).toFixed(2);
  print(
    `  dreamgrid ${shown(seconds)}, first run ${first} s, peak ${peakMb} MB, ${share} of the limit`,
  );
  if (form === null) {
    print("  no reference: name --python and --reference");
    return "";
  }
  const ratio = (median(seconds) / median(theirs)).toFixed(2);
  const ratios = `${ratio} (${spread(seconds.map((each, i) => each / theirs[i]!))})`;
  print(`  PyTorch   ${shown(theirs)}, ${nameOf(form)}\n  ratio     ${ratios}`);
  const title = `${job.id}: ${job.title}`;
  const cells = [title, shown(seconds), shown(theirs), nameOf(form), ratios, `${peakMb} MB`, share];
  return `| ${cells.join(" | ")} |`;
}

async function namedPytorch(): Promise<Pytorch | null> {
  const { python, reference } = values;
  if (python === undefined || reference === undefined) return null;
  await access(reference);
  return { python, reference, modelPath, device: "cpu" };
}

function text(): string {
  return `Made by \`npm run bench -- --jobs ${values.jobs} --rounds ${values.rounds} --python PYTHON --reference PATH/TO/ascent.py\`: ${machineLine()}, PyTorch ${torch}. Medians of ${values.rounds} rounds of one run, ours and PyTorch's in turn, spreads in brackets; ratios are of the medians, their spreads of the rounds. PyTorch is timed in the layout, threads and processes that are its quickest. The last column: products of the job's passes over time and threads, as a share of what plain 3x3 convolutions reach in the same process.

| job | dreamgrid | PyTorch | its quickest form | ratio | peak memory | share of the machine's limit |
| --- | --- | --- | --- | --- | --- | --- |
${rows.join("\n")}
`;
}

function shown(seconds: readonly number[]): string {
  return `${median(seconds).toFixed(2)} s (${spread(seconds)})`;
}
