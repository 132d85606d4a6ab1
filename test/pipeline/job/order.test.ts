import { setImmediate as turn } from "node:timers/promises";

import * as fc from "fast-check";
import { expect, test } from "vitest";

import { acceptRequest } from "../../../lib/pipeline/job/accept-request.ts";
import { cancelJob } from "../../../lib/pipeline/job/cancel-job.ts";
import { type JobStatus, readJobStatus } from "../../../lib/pipeline/job/job-status.ts";
import { retryJob } from "../../../lib/pipeline/job/retry-job.ts";
import { jobIdOf, JOB_PREFIX } from "../../../lib/pipeline/keys.ts";
import { assembleJob } from "../../../lib/pipeline/sheet/assemble-job.ts";
import { endDeadLetter } from "../../../lib/pipeline/job/dead-letter.ts";
import { Jobs } from "../../../lib/pipeline/job/jobs.ts";
import type { Completion } from "../../../lib/pipeline/job/tally.ts";
import { renderMessages } from "../../../lib/pipeline/render/render-messages.ts";
import { reconcileJob } from "../../../lib/pipeline/sheet/reconcile-job.ts";
import type { ObjectStore } from "../../../lib/storage/object-store.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { checkAccounts } from "../../support/check-accounts.ts";
import { FakeRenderer } from "../../support/fake-renderer.ts";
import {
  deliveries,
  type MemoryPipeline,
  memoryPipeline,
  TINY_REQUEST,
} from "../../support/memory-pipeline.ts";
import { uniformSource } from "../../support/random.ts";

const CHANNELS = 5;

/** Something that may happen to a job at any time, any number of times, at once with others. */
type Step =
  | { readonly kind: "deliver"; readonly channels: readonly number[]; readonly noise: number }
  | { readonly kind: "dead letter"; readonly channel: number }
  | { readonly kind: "assemble" }
  | { readonly kind: "reconcile" };

const channel = fc.integer({ min: 0, max: CHANNELS - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("deliver" as const),
      channels: fc.array(channel, { minLength: 1, maxLength: 6 }),
      noise: fc.integer({ min: 0, max: 99 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("dead letter" as const), channel }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("assemble" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reconcile" as const) }) },
);

/** @param jobs what the function that does it remembers of jobs */
async function perform(
  pipeline: MemoryPipeline,
  jobs: Jobs,
  jobId: string,
  happening: Step,
  onCompleted: (completion: Completion) => void,
): Promise<void> {
  const messages = deliveries(pipeline.cpu);
  const assembler = { ...pipeline.deps, onCompleted };
  switch (happening.kind) {
    case "deliver": {
      const batch = happening.channels.map((index) => messages[index]!);
      // every delivery renders other bytes, as GPUs do: only one may ever be kept
      const renderer = new FakeRenderer({ noise: happening.noise });
      await renderMessages(batch, { ...pipeline.renderDeps(renderer), jobs });
      return;
    }
    case "dead letter":
      await endDeadLetter(messages[happening.channel]!.body, { ...pipeline.deps, jobs });
      return;
    case "assemble":
      await assembleJob(jobs.open(jobId), assembler);
      return;
    case "reconcile":
      await reconcileJob(jobs.open(jobId), assembler);
  }
}

test("whatever the order, repetition and overlap, a job ends once and every channel has one end", async () => {
  const folder = await temporaryFolder();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 6 }),
      fc.constantFrom("one process", "many processes"),
      async (rounds, where) => {
        const pipeline = await memoryPipeline({ folder });
        const { jobId } = await pipeline.accept();
        const completions: Completion[] = [];
        const run = (happening: Step) => {
          const jobs = where === "one process" ? pipeline.jobs : new Jobs(pipeline.store);
          const onCompleted = (completion: Completion) => void completions.push(completion);
          return perform(pipeline, jobs, jobId, happening, onCompleted);
        };
        // the steps of a round overlap
        for (const round of rounds) await Promise.all(round.map(run));
        await run({ kind: "deliver", channels: [0, 1, 2, 3, 4], noise: 0 });
        await run({ kind: "assemble" });

        expect(completions).toHaveLength(1);
        expect(await checkAccounts(pipeline.store, jobId)).toHaveLength(CHANNELS);
        const [completion] = completions;
        expect(completion!.ok + completion!.failed).toBe(CHANNELS);
      },
    ),
    { numRuns: 60, seed: 20261123 },
  );
});

const SEEDS = 8;
/** In which things happen at the same time. */
const PHASES = 4;
const MOST_AT_ONCE = 4;
/** Calls of the store before a process is killed, at most: about as many as it has to make. */
const LONGEST_LIFE = 14;

type Random = (count: number) => number;
type Happening = "request" | "cancel" | "retry" | "assemble" | "reconcile" | "deliver";

/** As a process sees it: a call takes a few turns, and after so many the process is dead. */
function storeOfProcess(store: ObjectStore, random: Random, calls: number): ObjectStore {
  let left = calls;
  const begin = async () => {
    for (let turns = random(6); turns > 0; turns--) await turn();
    if (left-- <= 0) throw new Error("killed");
  };
  return {
    get: async (key) => begin().then(() => store.get(key)),
    find: async (key) => begin().then(() => store.find(key)),
    head: async (key) => begin().then(() => store.head(key)),
    put: async (...object) => begin().then(() => store.put(...object)),
    putIfAbsent: async (...object) => begin().then(() => store.putIfAbsent(...object)),
    delete: async (key) => begin().then(() => store.delete(key)),
    list: (prefix) => store.list(prefix),
    listNames: (...names) => store.listNames(...names),
  };
}

/** Does something to the pipeline's one job, in a process of its own. */
async function happen(
  what: Happening,
  pipeline: MemoryPipeline,
  random: Random,
  calls: number,
): Promise<unknown> {
  const store = storeOfProcess(pipeline.store, random, calls);
  const jobs = new Jobs(store);
  const deps = { ...pipeline.deps, store, jobs };
  if (what === "request") return acceptRequest(TINY_REQUEST, deps);
  const id = idOfJob(pipeline);
  const { sent } = pipeline.cpu;
  if (id === null || sent.length === 0) return null;
  if (what === "deliver") {
    const messages = Array.from({ length: 1 + random(3) }, (_, i) => ({
      messageId: `m${i}`,
      body: sent[random(sent.length)]!.body,
    }));
    const renderer = new FakeRenderer({ noise: random(100) });
    return renderMessages(messages, { ...pipeline.renderDeps(renderer), store, jobs });
  }
  const job = await jobs.open(id).latest();
  if (what === "cancel") return cancelJob(job, deps);
  if (what === "retry") return retryJob(job, deps);
  return what === "assemble" ? assembleJob(job, deps) : reconcileJob(job, deps);
}

function idOfJob({ store }: MemoryPipeline): string | null {
  const [key = ""] = store.keys(JOB_PREFIX);
  return jobIdOf(key);
}

/** Delivers every message that is on its way, and those that follow. */
async function settle(pipeline: MemoryPipeline): Promise<JobStatus> {
  const { store, cpu, deps, renderDeps } = pipeline;
  const job = async () => new Jobs(store).open(idOfJob(pipeline)!).latest();
  for (let delivered = -1; delivered < cpu.sent.length;) {
    delivered = cpu.sent.length;
    const failed = await renderMessages(deliveries(cpu), {
      ...renderDeps(),
      jobs: new Jobs(store),
    });
    expect(failed).toEqual([]);
    await reconcileJob(await job(), deps);
  }
  return (await readJobStatus(await job()))!;
}

test.each([{ asked: ["request"] }, { asked: ["request", "cancel", "retry"] }] as const)(
  "whatever overlaps and is killed, a job ends as was asked last, of $asked",
  async ({ asked }) => {
    const folder = await temporaryFolder();
    for (let seed = 1; seed <= SEEDS; seed++) {
      const uniform = uniformSource(seed);
      const random: Random = (count) => Math.floor(uniform() * count);
      const pipeline = await memoryPipeline({ folder });
      const kinds = [...asked, "assemble", "reconcile", "deliver", "deliver"] as const;
      const some = async (what: Happening) => {
        const calls = random(3) === 0 ? random(LONGEST_LIFE) : Infinity;
        await happen(what, pipeline, random, calls).catch((error: unknown) => {
          if (!(error instanceof Error) || error.message !== "killed") throw error;
        });
      };
      await Promise.all(["request", "request", "request"].map(() => some("request")));
      for (let phase = 0; phase < PHASES; phase++) {
        const count = 1 + random(MOST_AT_ONCE);
        await Promise.all(Array.from({ length: count }, () => some(kinds[random(kinds.length)]!)));
      }
      const last = asked[random(Math.min(2, asked.length))]!;
      await happen(last, pipeline, random, Infinity);

      const { job, state, ok, failed, cancelled } = await settle(pipeline);
      const told = { seed, last, state, round: job.round, ended: ok + failed + cancelled };
      expect(told).toMatchObject({
        ended: 5,
        ...(last === "request" && { state: "completed" }),
        // nobody draws again what nobody stopped
        ...(asked.length === 1 && { round: 0 }),
      });
    }
  },
);
