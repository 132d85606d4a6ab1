import { expect, onTestFinished, test } from "vitest";

import { Job } from "../../lib/pipeline/job/job.ts";
import { roundKeys } from "../../lib/pipeline/keys.ts";
import { QUEUE_NAMES } from "../../local/resources.ts";
import { temporaryFolder } from "../networks/temporary-folder.ts";
import { checkAccounts } from "../support/check-accounts.ts";
import { runWithFaults } from "../support/fault-run.ts";

/** `npm run test:faults` runs more, and with more channels. */
const SEEDS = Number(process.env["DREAMGRID_FAULT_SEEDS"] ?? 1);
const CHANNELS = SEEDS > 1 ? 500 : 120;
const THROWING = 13;
const VANISHING = 77;

test.each(Array.from({ length: SEEDS }, (_, i) => i + 1))(
  "with duplicates, delays, drops and deaths every channel ends once, seed %d",
  async (seed) => {
    const run = await runWithFaults({
      folder: await temporaryFolder(),
      seed,
      channels: CHANNELS,
      faults: {
        duplicated: 0.05,
        delayed: 0.05,
        droppedThenRedelivered: 0.02,
        redeliverAfterMs: 1_000,
      },
      throwing: [THROWING],
      vanishing: [VANISHING],
    });
    onTestFinished(() => run.close());
    const { jobId, pipeline, endpoint } = run;

    expect(run.deaths).toEqual(["SIGKILL", "SIGKILL"]);
    expect(run.completions).toBe(1);
    const results = await checkAccounts(pipeline.store, jobId);
    expect(results).toHaveLength(CHANNELS);
    const failed = results.flatMap((result) =>
      result.state === "failed" ? [{ channel: result.channel, source: result.source }] : [],
    );
    expect(failed).toEqual([
      { channel: THROWING, source: "renderer" },
      { channel: VANISHING, source: "dead-letter" },
    ]);
    expect(await new Job(pipeline.store, jobId).findCompletion()).toMatchObject({
      state: "completed_with_failures",
      total: CHANNELS,
      ok: CHANNELS - 2,
      failed: 2,
    });

    const faults = endpoint.queueCounters(QUEUE_NAMES.channels);
    expect(Math.min(faults.duplicated, faults.delayed, faults.dropped)).toBeGreaterThan(0);

    // the checker itself: it sees a tile with other bytes, and a result that is gone
    const { store } = pipeline;
    await store.put(roundKeys(jobId).tile(5), Uint8Array.of(1), "image/png");
    await expect(checkAccounts(store, jobId)).rejects.toThrow("tiles/00005.png was rewritten");
    await store.delete(roundKeys(jobId).result(7));
    await expect(checkAccounts(store, jobId)).rejects.toThrow("no result of channels 7");
  },
);
