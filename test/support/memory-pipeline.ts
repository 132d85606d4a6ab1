import {
  type Acceptance,
  type AcceptDeps,
  acceptRequest,
} from "../../lib/pipeline/job/accept-request.ts";
import { Jobs } from "../../lib/pipeline/job/jobs.ts";
import { BucketNetworks } from "../../lib/pipeline/networks/bucket-networks.ts";
import type { JobPlan } from "../../lib/pipeline/job/plan.ts";
import { EngineExplainer, type Explainer } from "../../lib/pipeline/explain/explainer.ts";
import { publishNetwork } from "../../lib/pipeline/networks/publish-network.ts";
import type { Renderer } from "../../lib/pipeline/render/renderer.ts";
import type { RenderRequestInput } from "../../lib/pipeline/request/request.ts";
import type { ChannelMessage, RenderDeps } from "../../lib/pipeline/render/render-messages.ts";
import { temporaryFolder } from "../networks/temporary-folder.ts";
import { MemoryObjectStore } from "./memory-object-store.ts";
import { FakeRenderer } from "./fake-renderer.ts";
import { MemoryQueue } from "./memory-queue.ts";
import { tinyNetwork, type TinyNetworkOptions } from "./tiny-network.ts";

export const NOW = new Date("2026-11-23T12:00:00Z");
const TINY = { network: "tiny", layer: "wide", channels: "1:5", numIterations: 2 };
export const TINY_REQUEST: RenderRequestInput = { ...TINY, pyramidLevels: 1 };

/** The pipeline's parts around a store in memory, with the tiny network published. */
export interface MemoryPipeline {
  readonly store: MemoryObjectStore;
  readonly jobs: Jobs;
  readonly cpu: MemoryQueue;
  readonly assembly: MemoryQueue;
  readonly deps: AcceptDeps;
  readonly clock: { now: Date };
  readonly renderDeps: (renderer?: Renderer) => RenderDeps & { readonly explainer: Explainer };
  /** Accepts a request, which must be good. */
  readonly accept: (request?: Partial<RenderRequestInput>) => Promise<JobPlan>;
}

interface MemoryOptions extends TinyNetworkOptions {
  /** Of the network's files. @default one that is removed after the test */
  readonly folder?: string;
}

export async function memoryPipeline({
  folder: given,
  ...network
}: MemoryOptions = {}): Promise<MemoryPipeline> {
  const folder = given ?? (await temporaryFolder());
  const store = new MemoryObjectStore();
  const jobs = new Jobs(store);
  await publishNetwork(store, await tinyNetwork(folder, network));
  const [cpu, assembly] = [new MemoryQueue(), new MemoryQueue()];
  const clock = { now: NOW };
  const networks = new BucketNetworks({ store, cacheFolder: `${folder}/cache` });
  const deps: AcceptDeps = {
    jobs,
    store,
    networks,
    queues: { cpu, cuda: null },
    assembly,
    now: () => clock.now,
  };
  return {
    store,
    jobs,
    cpu,
    assembly,
    deps,
    clock,
    renderDeps: (renderer = new FakeRenderer()) => ({
      jobs,
      store,
      networks,
      renderer,
      explainer: new EngineExplainer(),
      provider: "cpu",
      now: () => clock.now,
    }),
    accept: async (request = {}) => {
      const usual = request.method === "fourier" ? TINY : TINY_REQUEST;
      return planOf(await acceptRequest({ ...usual, ...request }, deps));
    },
  };
}

function planOf(acceptance: Acceptance): JobPlan {
  if (acceptance.status === "accepted") return acceptance.plan;
  throw new Error(`the request was refused: ${acceptance.problems.join("; ")}`);
}

/** Messages as they come from the queue. */
export function deliveries(queue: MemoryQueue): ChannelMessage[] {
  return queue.sent.map(({ body }, i) => ({ messageId: `m${i}`, body }));
}

export async function readJsonObject(store: MemoryObjectStore, key: string): Promise<unknown> {
  return JSON.parse(Buffer.from(await store.get(key)).toString("utf8"));
}
