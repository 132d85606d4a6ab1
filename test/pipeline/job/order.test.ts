import * as fc from "fast-check";
import { expect, test } from "vitest";

import { assembleJob } from "../../../lib/pipeline/sheet/assemble-job.ts";
import { endDeadLetter } from "../../../lib/pipeline/job/dead-letter.ts";
import { Jobs } from "../../../lib/pipeline/job/jobs.ts";
import type { Completion } from "../../../lib/pipeline/job/tally.ts";
import { renderMessages } from "../../../lib/pipeline/render/render-messages.ts";
import { reconcileJob } from "../../../lib/pipeline/sheet/reconcile-job.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { checkAccounts } from "../../support/check-accounts.ts";
import { FakeRenderer } from "../../support/fake-renderer.ts";
import { deliveries, type MemoryPipeline, memoryPipeline } from "../../support/memory-pipeline.ts";

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
