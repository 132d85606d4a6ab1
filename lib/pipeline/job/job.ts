import { z } from "zod";

import { ObjectNotFoundError, type ObjectStore } from "../../storage/object-store.ts";
import { mapConcurrently } from "../concurrency.ts";
import { encodeJson, findJson, JSON_TYPE } from "../json.ts";
import * as keys from "../keys.ts";
import { JobImages } from "./job-images.ts";
import { type JobPlan, planSchema } from "./plan.ts";
import {
  type ChannelResult,
  channelResultSchema,
  type Delivered,
  type Ending,
  resultOf,
} from "./result.ts";
import {
  type Completion,
  completionSchema,
  type JobProgress,
  type JobTally,
  progressSchema,
} from "./tally.ts";

type Outcome = "created" | "exists";

const attemptsSchema = z.strictObject({ version: z.literal(1), attempts: z.int().min(1) });

/**
 * One job, as its objects under `jobs/<id>/`: this class and its part `images` are the only code
 * that reads and writes them. The README's table says who writes each, and how often.
 *
 * Objects that are written once have an `is` or `find` beside the method that writes them; of any
 * number of racing writers one creates the object, and nothing changes it afterwards.
 */
export class Job {
  readonly id: string;
  readonly images: JobImages;
  readonly #store: ObjectStore;
  /** That of a large job takes milliseconds to read and check. */
  #plan: JobPlan | null = null;
  /** By channel, 1-based. */
  #results = new Map<number, ChannelResult>();

  constructor(store: ObjectStore, id: string) {
    this.id = id;
    this.images = new JobImages(store, id);
    this.#store = store;
  }

  /** True once the job has a plan: then, and only then, it is a job. */
  exists(): Promise<boolean> {
    return this.#has(keys.planKey(this.id));
  }

  /** Makes it a job, unless another intake has. */
  async create(plan: JobPlan): Promise<Outcome> {
    const outcome = await this.#putOnce(keys.planKey(this.id), plan);
    if (outcome === "created") this.#plan = plan;
    return outcome;
  }

  /** A plan never changes, so it is read once. @throws ObjectNotFoundError if it is no job */
  async plan(): Promise<JobPlan> {
    const plan = await this.findPlan();
    if (plan === null) throw new ObjectNotFoundError(keys.planKey(this.id));
    return plan;
  }

  async findPlan(): Promise<JobPlan | null> {
    this.#plan ??= await findJson(this.#store, keys.planKey(this.id), planSchema);
    return this.#plan;
  }

  /** Writes the request as planned, for people to read. */
  async writeRequest(): Promise<void> {
    await this.#putOnce(keys.requestKey(this.id), (await this.plan()).request);
  }

  /** True once every channel's message has been sent. */
  isDispatched(): Promise<boolean> {
    return this.#has(keys.dispatchedKey(this.id));
  }

  async markDispatched(): Promise<void> {
    const { total } = await this.plan();
    await this.#putOnce(keys.dispatchedKey(this.id), { version: 1, total });
  }

  /** True once the CPU workers have been given a job of the GPU's. */
  hasFallenBack(): Promise<boolean> {
    return this.#has(keys.fellBackKey(this.id));
  }

  async markFallenBack(waitedSeconds: number): Promise<void> {
    await this.#putOnce(keys.fellBackKey(this.id), { version: 1, waitedSeconds });
  }

  /** True if the job has been told to stop. */
  isCancelled(): Promise<boolean> {
    return this.#has(keys.cancelKey(this.id));
  }

  async cancel(now: Date): Promise<void> {
    const marker = { version: 1, jobId: this.id, cancelledAt: now.toISOString() };
    await this.#putOnce(keys.cancelKey(this.id), marker);
  }

  /** The channels (1-based) that have a result. */
  async ended(): Promise<Set<number>> {
    const channels = new Set<number>();
    for await (const { key } of this.#store.list(keys.resultPrefix(this.id))) {
      const result = keys.parseResultKey(key);
      if (result !== null) channels.add(result.channel);
    }
    return channels;
  }

  /** The planned channels (1-based) that have no result, in the order of the sheet. */
  async missing(): Promise<number[]> {
    const ended = await this.ended();
    return (await this.plan()).channels.filter((channel) => !ended.has(channel));
  }

  /** Deliveries in which the channel's image (1-based) has been begun. */
  async attempts(channel: number): Promise<number> {
    const found = await findJson(this.#store, keys.attemptsKey(this.id, channel), attemptsSchema);
    return found?.attempts ?? 0;
  }

  /** Overwrites: of two workers that begin it at the same time one may not be counted. */
  async writeAttempts(channel: number, attempts: number): Promise<void> {
    const record: z.infer<typeof attemptsSchema> = { version: 1, attempts };
    await this.#store.put(keys.attemptsKey(this.id, channel), encodeJson(record), JSON_TYPE);
  }

  hasEnded(channel: number): Promise<boolean> {
    return this.#has(keys.resultKey(this.id, channel));
  }

  /**
   * Ends a channel (1-based), unless it has ended: the first result written is the channel's end.
   *
   * @returns the result that this call would have it end with
   */
  async end(channel: number, ending: Ending, delivered: Delivered): Promise<ChannelResult> {
    const result = resultOf(this.id, channel, ending, delivered);
    await this.#putOnce(keys.resultKey(this.id, channel), result);
    return result;
  }

  findResult(channel: number): Promise<ChannelResult | null> {
    return findJson(this.#store, keys.resultKey(this.id, channel), channelResultSchema);
  }

  /** @throws ObjectNotFoundError if the channel has not ended */
  async result(channel: number): Promise<ChannelResult> {
    const result = await this.findResult(channel);
    if (result === null) throw new ObjectNotFoundError(keys.resultKey(this.id, channel));
    return result;
  }

  /**
   * Results by channel. They never change, so each is read once, however often an assembler looks.
   *
   * @param channels 1-based, of which there are results
   */
  async results(channels: Iterable<number>): Promise<ReadonlyMap<number, ChannelResult>> {
    const known = this.#results;
    const read = async (channel: number): Promise<[number, ChannelResult]> => {
      const result = known.get(channel) ?? (await this.result(channel));
      known.set(channel, result);
      return [channel, result];
    };
    return new Map(await mapConcurrently([...channels], read));
  }

  /** The assembler's last snapshot; `null` before the first. */
  findProgress(): Promise<JobProgress | null> {
    return findJson(this.#store, keys.statusKey(this.id), progressSchema);
  }

  /** Overwrites. */
  async writeProgress(progress: JobProgress): Promise<void> {
    await this.#store.put(keys.statusKey(this.id), encodeJson(progress), JSON_TYPE);
  }

  /** Overwrites, always with the same bytes. */
  async writeManifest(manifest: unknown): Promise<void> {
    await this.#store.put(keys.manifestKey(this.id), encodeJson(manifest), JSON_TYPE);
  }

  /** True once the job has ended. */
  isComplete(): Promise<boolean> {
    return this.#has(keys.completeKey(this.id));
  }

  findCompletion(): Promise<Completion | null> {
    return findJson(this.#store, keys.completeKey(this.id), completionSchema);
  }

  /**
   * Ends the job, unless it has ended.
   *
   * @returns its end, to the one caller that ended it; `null` to all others
   */
  async complete({ state, ...counts }: JobTally, now: Date): Promise<Completion | null> {
    if (state === "running") throw new Error(`internal: job ${this.id} is not at its end`);
    const completion: Completion = {
      version: 1,
      jobId: this.id,
      state,
      ...counts,
      montage: keys.montageKey(this.id),
      manifest: keys.manifestKey(this.id),
      completedAt: now.toISOString(),
    };
    const outcome = await this.#putOnce(keys.completeKey(this.id), completion);
    // nobody looks at a job that has ended; a `results` that is still reading keeps its own
    this.#results = new Map();
    return outcome === "created" ? completion : null;
  }

  async #has(key: string): Promise<boolean> {
    return (await this.#store.head(key)) !== null;
  }

  #putOnce(key: string, value: unknown): Promise<Outcome> {
    return this.#store.putIfAbsent(key, encodeJson(value), JSON_TYPE);
  }
}
