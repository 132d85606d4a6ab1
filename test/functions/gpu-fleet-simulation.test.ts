import { expect, test } from "vitest";

import { gpuWorkerStarter } from "../../functions/gpu-workers.ts";
import type { QueueDepth } from "../../lib/queue/message-queue.ts";
import { uniformSource } from "../support/random.ts";

/** A tick is a poll of a worker. */
const TICK_MS = 20_000;
const BAD_TICKS = 180;
const GROUP = 32;
/** What a dead worker held is held for 45 s. */
const HELD_TICKS = 3;
/** SQS's counts are up to a minute late. */
const LATE_TICKS = 3;
/** Until an instance and its container are there. */
const START_TICKS = 15;

interface Fleet {
  readonly most: number;
  /** Polls without a message before a worker ends (functions/gpu-worker/loop.ts). */
  readonly idlePolls: number;
  /** Whether EventBridge has a failed job of Batch followed by another. */
  readonly isReplaced: boolean;
}
const FLEET: Fleet = { most: 4, idlePolls: 15, isReplaced: true };

/** Of a job of Batch: fewer than it has, so that they are often used up. */
const ATTEMPTS = 2;

/**
 * A fleet in a bad hour: jobs come, instances are late, and workers die at any moment. Then all is
 * calm, for as long as a worker is left.
 *
 * @returns channels that are never rendered
 */
async function channelsLeftBy({ most, idlePolls, isReplaced }: Fleet, seed: number) {
  const random = uniformSource(seed);
  let [tick, visible] = [0, 0];
  let held: { readonly until: number; readonly count: number }[] = [];
  let workers: { attempt: number; startsAt: number; group: number; idle: number }[] = [];
  const depths: QueueDepth[] = [{ waiting: 0, held: 0 }];
  const startsAt = () => tick + random() * START_TICKS;
  const startOne = async () => {
    workers.push({ attempt: 1, startsAt: startsAt(), group: 0, idle: 0 });
  };
  const depth = async () => depths.at(-1 - Math.floor(random() * LATE_TICKS)) ?? depths[0]!;
  const now = () => tick * TICK_MS;
  const start = gpuWorkerStarter({ most, depth, startOne, now });
  for (; tick < BAD_TICKS || workers.length > 0; tick++) {
    const isBad = tick < BAD_TICKS;
    visible += sum(held.filter(({ until }) => until <= tick).map(({ count }) => count));
    held = held.filter(({ until }) => until > tick);
    const inHands = sum(held.map(({ count }) => count)) + sum(workers.map(({ group }) => group));
    depths.push({ waiting: visible, held: inHands });
    if (isBad && random() < 0.04) {
      const channels = 1 + Math.floor(random() ** 4 * 900);
      await start(channels);
      visible += channels;
    }
    for (const worker of workers.filter((each) => each.startsAt <= tick).slice(0, most)) {
      if (isBad && random() < 0.1) {
        held.push({ until: tick + random() * HELD_TICKS, count: worker.group });
        const again = { attempt: worker.attempt + 1, startsAt: startsAt(), group: 0, idle: 0 };
        Object.assign(worker, again);
        continue;
      }
      worker.group = Math.min(GROUP, visible);
      visible -= worker.group;
      worker.idle = worker.group > 0 ? 0 : worker.idle + 1;
    }
    const lost = isReplaced ? workers.filter(({ attempt }) => attempt > ATTEMPTS).length : 0;
    workers = workers.filter(({ attempt, idle }) => attempt <= ATTEMPTS && idle < idlePolls);
    for (let i = 0; i < lost; i++) await startOne();
  }
  return visible + sum(held.map(({ count }) => count));
}

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

/** Of 200 bad hours those after which channels wait for ever. */
async function hoursWithLoss(fleet: Fleet): Promise<number> {
  const seeds = Array.from({ length: 200 }, (_, seed) => seed);
  const left = await Promise.all(seeds.map((seed) => channelsLeftBy(fleet, seed)));
  return left.filter((channels) => channels > 0).length;
}

test("no channel waits for ever, with one worker at a time or with several", async () => {
  expect(await hoursWithLoss(FLEET)).toBe(0);
  expect(await hoursWithLoss({ ...FLEET, most: 1 })).toBe(0);
});

test("channels would if lost workers were not replaced, or ended while counts are late", async () => {
  expect(await hoursWithLoss({ ...FLEET, isReplaced: false })).toBeGreaterThan(10);
  expect(await hoursWithLoss({ ...FLEET, idlePolls: 1 })).toBeGreaterThan(0);
});
