import { workerBatchSize } from "../functions/delivery.ts";
import { networkFolders } from "../lib/networks/folders.ts";
import type { LayerWithChannels } from "../lib/networks/layers.ts";
import { openNetwork } from "../lib/networks/registry.ts";
import { mixesChannels } from "../lib/pipeline/request/layer-role.ts";
import { analyseNetwork } from "../lib/pipeline/networks/analyse-network.ts";
import { DOLLARS_PER_CORE_SECOND, DOLLARS_PER_GB_SECOND } from "../lib/pipeline/rates.ts";
import { upTo } from "./jobs.ts";
import { benchOptions } from "./options.ts";
import { type Drawn, type PackedWorker, PackedWorkers } from "./packed-worker.ts";
import { print } from "./print.ts";
import { machineLine } from "./results-file.ts";
import { median, percent } from "./statistics.ts";
import { atlasRequest, CHOOSING_JOB, WORKER_JOBS } from "./worker-jobs.ts";

const USAGE = `npm run bench:worker -- [--parts memory,jobs,atlas] [--rounds 3] [--every 1]
                        [--memory 3008] [--threads 2]

Runs the CPU worker as it is packed for Lambda, as root on Linux, held by control groups to the
processors and the memory that Lambda gives: the tables of cdk/README.md. Of the atlas, one layer in
--every is drawn.`;

const values = benchOptions(USAGE, {
  parts: "memory,jobs,atlas",
  rounds: "3",
  every: "1",
  memory: "3008",
  threads: "2",
});

/** Of memory in MB and threads, those that a machine of two cores can imitate. */
const CHOICES = [
  [1_769, 1],
  [3_008, 1],
  [3_008, 2],
  [3_538, 2],
] as const;
/** Of jobs and atlas: the stack's default, unless it is said. */
const [MEMORY, THREADS] = [Number(values.memory), Number(values.threads)];

const network = await openNetwork("googlenet", networkFolders(process.env));
const workers = await PackedWorkers.start(network);
print(machineLine());
const parts = values.parts.split(",");
try {
  if (parts.includes("memory")) await memoryTable();
  if (parts.includes("jobs")) await jobTable();
  if (parts.includes("atlas")) await atlasTable();
} finally {
  await workers.close();
}

/** What Lambda bills, in dollars for an image. */
function billed({ seconds, images }: Drawn, memory: number): number {
  return (seconds * (memory / 1_024) * DOLLARS_PER_GB_SECOND) / images;
}

/** Of the processors that are paid. */
function share({ usedSeconds, seconds }: Drawn, { vcpus }: PackedWorker): number {
  return usedSeconds / (seconds * vcpus);
}

/** A worker whose first call, which reads the network, is over. */
async function warmWorker(memory: number, threads: number): Promise<PackedWorker> {
  const worker = await workers.worker(memory, threads);
  const channels = upTo(threads);
  await worker.draw({ ...WORKER_JOBS[0]!.request, channels });
  return worker;
}

async function memoryTable(): Promise<void> {
  print(`\n${CHOOSING_JOB.title}, ${values.rounds} rounds\n`);
  print("| memory | vCPU | threads | vCPU used | peak memory | dollars for 1,000 images |");
  print("| ------ | ---- | ------- | --------- | ----------- | ------------------------ |");
  for (const [memory, threads] of CHOICES) {
    const worker = await warmWorker(memory, threads);
    const rounds: Drawn[] = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      rounds.push(await worker.draw(CHOOSING_JOB.request));
    }
    const used = median(rounds.map((drawn) => share(drawn, worker)));
    const dollars = median(rounds.map((drawn) => 1_000 * billed(drawn, memory)));
    const peak = Math.max(...rounds.map(({ peakMb }) => peakMb));
    print(
      `| ${memory} MB | ${worker.vcpus.toFixed(2)} | ${threads} | ${percent(used)} | ${peak} MB | ${dollars.toFixed(3)} |`,
    );
    await worker.stop();
  }
}

async function jobTable(): Promise<void> {
  print(`\nworkers of ${MEMORY} MB and ${THREADS} threads, for an image, in seconds of a core\n`);
  print("| images | estimate | measured | vCPU used | peak memory | dollars for 1,000 |");
  print("| ------ | -------- | -------- | --------- | ----------- | ----------------- |");
  for (const { title, request } of WORKER_JOBS) {
    const worker = await warmWorker(MEMORY, THREADS);
    const drawn = await worker.draw(request);
    const seconds = drawn.usedSeconds / drawn.images;
    const dollars = 1_000 * billed(drawn, MEMORY);
    print(
      `| ${title} | ${drawn.plan.seconds!.channel.toFixed(2)} s | ${seconds.toFixed(2)} s | ${percent(share(drawn, worker))} | ${drawn.peakMb} MB | ${dollars.toFixed(3)} |`,
    );
    await worker.stop();
  }
}

/** A batch of each layer, for all its units; what is left out costs as the estimates' mean says. */
async function atlasTable(): Promise<void> {
  const { layers } = await analyseNetwork(network);
  const learned = layers.filter(
    (layer): layer is LayerWithChannels => mixesChannels(layer) && layer.channels !== null,
  );
  const worker = await warmWorker(MEMORY, THREADS);
  const total = { units: 0, seconds: 0, estimate: 0, drawn: 0, drawnEstimate: 0 };
  const wall = { used: 0, paid: 0 };
  for (const [i, layer] of learned.entries()) {
    const channels = upTo(workerBatchSize(THREADS));
    const request = atlasRequest(layer.index, channels);
    if (i % Number(values.every) !== 0) {
      const plan = await workers.accept(request);
      await workers.event(plan.total);
      total.units += layer.channels;
      total.estimate += layer.channels * plan.seconds!.channel;
      continue;
    }
    const drawn = await worker.draw(request);
    const seconds = (layer.channels * drawn.usedSeconds) / drawn.images;
    const estimate = layer.channels * drawn.plan.seconds!.channel;
    total.units += layer.channels;
    total.estimate += estimate;
    total.seconds += seconds;
    total.drawn += layer.channels;
    total.drawnEstimate += estimate;
    wall.used += drawn.usedSeconds;
    wall.paid += drawn.seconds * worker.vcpus;
    print(
      `${layer.name}: ${layer.channels} units, estimate ${drawn.plan.seconds!.channel.toFixed(2)} s, measured ${(drawn.usedSeconds / drawn.images).toFixed(2)} s, used ${percent(share(drawn, worker))}`,
    );
  }
  await worker.stop();
  const ratio = total.seconds / total.drawnEstimate;
  const seconds = total.estimate * ratio;
  const used = wall.used / wall.paid;
  print(`
atlas: ${total.units} units, ${total.drawn} of them in layers that were drawn
estimate ${Math.round(total.estimate)} s of a core, ${(total.estimate * DOLLARS_PER_CORE_SECOND).toFixed(2)} dollars
measured ${Math.round(seconds)} s of a core, of what was paid ${percent(used)}: ${((seconds / used) * DOLLARS_PER_CORE_SECOND).toFixed(2)} dollars`);
}
