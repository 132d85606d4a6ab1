import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import { type Endpoint, type QueueFaults, startEndpoint } from "@dreamgrid/aws-endpoint";

import { encodeJson, JSON_TYPE } from "../../lib/pipeline/json.ts";
import { roundKeys } from "../../lib/pipeline/keys.ts";
import { publishNetwork } from "../../lib/pipeline/networks/publish-network.ts";
import type { RenderRequestInput } from "../../lib/pipeline/request/request.ts";
import { BUCKETS, QUEUE_NAMES, QUEUES } from "../../local/resources.ts";
import { bundledScript } from "./bundled-script.ts";
import type { ProcessConfig } from "./pipeline-process.ts";
import { remotePipeline, type RemotePipeline } from "./remote-pipeline.ts";
import { tinyNetwork } from "./tiny-network.ts";
import { untilTrue } from "./until.ts";

export interface FaultRunOptions {
  /** For everything; must be empty. */
  readonly folder: string;
  readonly seed: number;
  readonly channels: number;
  readonly faults: QueueFaults;
  readonly throwing: readonly number[];
  readonly vanishing: readonly number[];
}

/** What is left to be checked after the job's end. */
export interface FaultRun {
  readonly jobId: string;
  readonly pipeline: RemotePipeline;
  readonly endpoint: Endpoint;
  /** Completions told by all processes together. */
  readonly completions: number;
  /** Of the processes that were to be killed. */
  readonly deaths: readonly (NodeJS.Signals | null)[];
  close(): Promise<void>;
}

const SCRIPT = "test/support/pipeline-process.ts";

/**
 * One job over misbehaving queues: a worker is killed in mid-batch, and the only assembler while it
 * assembles; others take over.
 */
export async function runWithFaults(options: FaultRunOptions): Promise<FaultRun> {
  const { folder, seed, channels, faults, throwing, vanishing } = options;
  const endpoint = await startEndpoint({
    dataFolder: join(folder, "data"),
    buckets: BUCKETS,
    queues: QUEUES,
    faults: {
      seed,
      queues: { [QUEUE_NAMES.channels]: faults, [QUEUE_NAMES.assembly]: faults },
    },
  });
  const modelCacheFolder = join(folder, "cache");
  const pipeline = remotePipeline({ url: endpoint.url, modelCacheFolder, renderer: null });
  await publishNetwork(pipeline.store, await tinyNetwork(folder, { wideChannels: channels }));
  const shared = {
    url: endpoint.url,
    modelCacheFolder,
    throwing: [...throwing],
    vanishing: [...vanishing],
    diesAfterChannels: null,
    diesAssembling: false,
    isHeld: false,
  };
  const processOf = (config: Pick<ProcessConfig, "role" | "noise"> & Partial<ProcessConfig>) =>
    startProcess({ ...shared, ...config }, folder);

  let completions = 0;
  pipeline.events.listen(({ kind }) => {
    if (kind === "completed") completions++;
  });
  const doomedWorker = await processOf({ role: "worker", noise: 1, diesAfterChannels: 20 + seed });
  const doomedAssembler = await processOf({ role: "assembler", noise: 0, diesAssembling: true });
  // or it could have done everything before the other is at work, and dies
  const worker = await processOf({ role: "worker", noise: 2, isHeld: true });
  for (const { child } of [doomedAssembler, worker]) {
    child.on("message", (message) => {
      if (message instanceof Object && "completed" in message) completions++;
    });
  }
  const sources = [pipeline.serve(["requests", "channelsDead"])];
  await Promise.all([doomedWorker.ready, doomedAssembler.ready, worker.ready]);

  const request: RenderRequestInput = {
    network: "tiny",
    layer: "wide",
    channels: "all",
    numIterations: 2,
    pyramidLevels: 1,
    seed,
  };
  const answer = new Promise<string>((resolve, reject) => {
    pipeline.events.listen((event) => {
      if (event.kind !== "answered") return;
      const { acceptance } = event;
      if (acceptance.status === "accepted") resolve(acceptance.jobId);
      else reject(new Error(acceptance.problems.join("; ")));
    });
  });
  await pipeline.store.put("requests/faults.json", encodeJson(request), JSON_TYPE);
  const jobId = await answer;
  const workerDeath = await doomedWorker.death;
  worker.child.send("begin");
  const deaths = [workerDeath, await doomedAssembler.death];
  sources.push(pipeline.serve(["assembly"]));
  const { complete } = roundKeys(jobId);
  await untilTrue(
    async () => (await pipeline.store.head(complete)) !== null,
    () => `job ${jobId} does not end`,
  );
  await untilQuiet(endpoint);
  return {
    jobId,
    pipeline,
    endpoint,
    completions,
    deaths,
    close: async () => {
      worker.child.disconnect();
      await Promise.all([worker.death, ...sources.map((source) => source.stop())]);
      pipeline.close();
      await endpoint.close();
    },
  };
}

export interface PipelineProcess {
  readonly child: ChildProcess;
  readonly ready: Promise<unknown>;
  /** The signal that ended it; `null` if it ended by itself. */
  readonly death: Promise<NodeJS.Signals | null>;
}

/**
 * Forks a part of the pipeline; it ends when it is disconnected.
 *
 * @param folder for what the process is made of
 */
export async function startProcess(
  config: ProcessConfig,
  folder: string,
): Promise<PipelineProcess> {
  const child = fork(await bundledScript(SCRIPT, folder), [JSON.stringify(config)]);
  return {
    child,
    ready: once(child, "message"),
    death: once(child, "exit").then(([, signal]: unknown[]) => signal as NodeJS.Signals | null),
  };
}

/** Late duplicates and redeliveries are dealt with too before anything is counted. */
async function untilQuiet(endpoint: Endpoint): Promise<void> {
  const messages = () =>
    [QUEUE_NAMES.channels, QUEUE_NAMES.channelsDead].reduce((sum, name) => {
      const { visible, inFlight, waiting } = endpoint.queueCounters(name);
      return sum + visible + inFlight + waiting;
    }, 0);
  await untilTrue(
    () => messages() === 0,
    () => `${messages()} messages stay in the queues`,
  );
}
