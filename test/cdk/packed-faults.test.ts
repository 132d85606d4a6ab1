import { ManualClock } from "@dreamgrid/aws-endpoint";
import { expect, onTestFinished, test } from "vitest";
import * as z from "zod";

import { roundKeys } from "../../lib/pipeline/keys.ts";
import type { RecordedCall } from "./support/iam-gateway.ts";
import { PackedCloud } from "./support/packed-cloud.ts";
import { synthesise } from "./support/synthesise.ts";

/** `npm run test:cloud` hands a channel over until it is given up: half a minute, twice. */
const IS_FULL = process.env["DREAMGRID_TEST_CLOUD"] === "1";

/** Queues with the figures of the stack; time by a clock. */
const stack = synthesise();
const STEP_SECONDS = 5;
const REQUEST = {
  network: "emojinet",
  layer: 2,
  channels: [1, 2],
  numIterations: 2,
  pyramidLevels: 1,
};

type Fault = (call: RecordedCall, cloud: PackedCloud) => boolean;

/**
 * Has the packed functions draw two channels, Lambda's part played by hand.
 *
 * @param fault asked of each call of the worker: whether it is answered `503 SlowDown`
 * @returns seconds of the clock until channel 2 had ended, and how
 */
async function secondsUntilEnd(fault: Fault, limit: number): Promise<[number, unknown]> {
  const clock = new ManualClock();
  const isFaulty = (call: RecordedCall) => call.caller === "worker" && fault(call, cloud);
  const cloud = await PackedCloud.start(stack, { clock, isFaulty });
  onTestFinished(() => cloud.close());
  const { store } = cloud;
  const hand = async (name: "intake" | "worker" | "dead-letter") => {
    for (const mapping of cloud.mappingsOf(name)) {
      const { queue, batchSize } = mapping;
      for (;;) {
        const messages = await queue.receive({ maxMessages: batchSize, waitSeconds: 0 });
        if (messages.length === 0) break;
        await cloud.handOver(name, mapping, messages);
      }
    }
  };
  await store.put("requests/a.json", Buffer.from(JSON.stringify(REQUEST)), "application/json");
  await hand("intake");
  const response = Buffer.from(await store.get("responses/a.json")).toString();
  const { jobId } = z.object({ jobId: z.string() }).parse(JSON.parse(response));
  const key = roundKeys(jobId).result(2);
  for (let seconds = 0; seconds <= limit; seconds += STEP_SECONDS) {
    await hand("worker");
    await hand("dead-letter");
    const result = await store.find(key);
    if (result !== null) return [seconds, JSON.parse(Buffer.from(result).toString())];
    clock.advance(1_000 * STEP_SECONDS);
  }
  return [limit, null];
}

/** The AWS client tries each call so often by itself. */
const CLIENT_ATTEMPTS = 3;

test("a packed worker whose first call of S3 fails draws the channel within a minute", async () => {
  let faults = 0;
  const [seconds, result] = await secondsUntilEnd(
    ({ action }) => action.startsWith("s3:") && faults++ < CLIENT_ATTEMPTS,
    3_600,
  );
  expect(result).toMatchObject({ state: "ok" });
  expect(faults).toBeGreaterThan(CLIENT_ATTEMPTS);
  // not by the first delivery, and soon
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(60);
});

const isTileOf2 = ({ action, resource }: RecordedCall) =>
  action === "s3:PutObject" && resource.endsWith("/tiles/00002.png");

test.runIf(IS_FULL)(
  "a channel whose tile S3 never takes is given up within half an hour",
  async () => {
    const [seconds, result] = await secondsUntilEnd(isTileOf2, 3_600);
    expect(result).toMatchObject({ state: "failed", attempts: 5 });
    expect(seconds).toBeLessThanOrEqual(1_800);
  },
);

test.runIf(IS_FULL)(
  "a channel that kills its packed worker is given up within half an hour",
  async () => {
    const [seconds, result] = await secondsUntilEnd((call, cloud) => {
      if (!isTileOf2(call)) return false;
      void cloud.kill("worker");
      return true;
    }, 3_600);
    expect(result).toMatchObject({ state: "failed", source: "dead-letter", attempts: 5 });
    expect(seconds).toBeLessThanOrEqual(1_800);
  },
);
