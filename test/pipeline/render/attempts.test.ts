import { expect, test } from "vitest";

import { MAX_ATTEMPTS } from "../../../lib/pipeline/limits.ts";
import { renderMessages } from "../../../lib/pipeline/render/render-messages.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { FakeRenderer } from "../../support/fake-renderer.ts";
import { deliveries, memoryPipeline } from "../../support/memory-pipeline.ts";

test("only deliveries that began a channel count against it, and one begun too often is given up", async () => {
  const pipeline = await memoryPipeline(await temporaryFolder());
  const { jobId } = await pipeline.accept();
  const job = pipeline.jobs.open(jobId);
  const attempts = () => Promise.all([1, 2, 3, 4, 5].map((channel) => job.attempts(channel)));
  /** Renders the batch until the first channel is begun, then dies without an answer. */
  const killAtFirst = async () => {
    const isDead = new AbortController();
    const renderer = new FakeRenderer({ beforeChannel: () => isDead.abort() });
    const hooks = { signal: isDead.signal };
    await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps(renderer), hooks);
  };
  for (let kills = 0; kills < 5; kills++) await killAtFirst();
  // each time another: those that were tried go last
  expect(await attempts()).toEqual([1, 1, 1, 1, 1]);
  for (let kills = 0; kills < 10; kills++) await killAtFirst();
  expect(await attempts()).toEqual([3, 3, 3, 3, 3]);
  await job.writeAttempts(4, MAX_ATTEMPTS);
  const renderer = new FakeRenderer();
  expect(await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps(renderer))).toEqual([]);
  expect(renderer.calls.flat().toSorted((a, b) => a - b)).toEqual([1, 2, 3, 5]);
  expect(await job.result(4)).toMatchObject({
    state: "failed",
    attempts: MAX_ATTEMPTS,
    reason: expect.stringContaining("no worker finished the channel in 5 attempts"),
  });
  expect((await job.result(1)).attempts).toBe(4);
});
