import { ObjectNotFoundError, type ObjectStore } from "../../storage/object-store.ts";
import { mapConcurrently } from "../concurrency.ts";
import { encodeJson, findJson, JSON_TYPE, nothingIfDamaged } from "../json.ts";
import { parseResultKey, planKey, requestKey, roundKeys, type RoundKeys } from "../keys.ts";
import { JobImages } from "./job-images.ts";
import { type JobPlan, planSchema } from "./plan.ts";
import { ResultsSoFar } from "./results-so-far.ts";
import { type RoundNames, roundNames } from "./round-names.ts";
import { type Retry, retryOf, retrySchema } from "./round.ts";
import {
  type ChannelResult,
  channelResultSchema,
  type Delivered,
  type Ending,
  failedByDamage,
  resultOf,
} from "./result.ts";
import {
  type Completion,
  completionOf,
  completionSchema,
  type JobProgress,
  type JobTally,
  progressSchema,
  type SheetFacts,
} from "./tally.ts";

type Outcome = "created" | "exists";

interface Later {
  readonly before: Job;
  readonly retry: Retry;
  readonly again: ReadonlySet<number>;
}

/**
 * One round of a job, as its objects under `jobs/<id>/`: this class and its part `images` are the
 * only code that reads and writes them. The README's table says who writes each, and how often.
 *
 * A job has one round, and another for each time that channels of it are drawn again. A round has
 * markers, tiles, results and a sheet of its own, so that nobody who is late in one of them touches
 * the next; channels that it does not draw are as the round before left them.
 *
 * Objects that are written once have an `is` or `find` beside the method that writes them; of any
 * number of racing writers one creates the object, and nothing changes it afterwards.
 */
export class Job {
  readonly id: string;
  /** 0 for the first. */
  readonly round: number;
  readonly keys: RoundKeys;
  readonly images: JobImages;
  readonly resultsSoFar = new ResultsSoFar();
  readonly #store: ObjectStore;
  readonly #later: Later | null;
  #next: Job | null = null;
  /** That of a large job takes milliseconds to read and check. */
  #plan: JobPlan | null = null;
  #completion: Completion | null = null;
  /** By channel, 1-based. */
  #results = new Map<number, ChannelResult>();

  /** @param later @default the job's first round */
  constructor(store: ObjectStore, id: string, later: Later | null = null) {
    this.id = id;
    this.round = later === null ? 0 : later.before.round + 1;
    this.keys = roundKeys(id, this.round);
    this.images = new JobImages(store, this.keys);
    this.#store = store;
    this.#later = later;
  }

  /** The job's last round. @param most looks no further than this round */
  async latest(most = Number.POSITIVE_INFINITY): Promise<Job> {
    if (this.round >= most) return this;
    const next = await this.#findNext();
    return next === null ? this : next.latest(most);
  }

  /**
   * The last round, and what there is of it, `null` if it is known to have ended: in one read, two
   * for each round after the first.
   */
  async look(): Promise<{ readonly job: Job; readonly names: RoundNames | null }> {
    if (this.#next !== null) return this.#next.look();
    const hasEnded = this.#completion !== null;
    const names = hasEnded ? null : await roundNames(this.#store, this.keys);
    if (this.round === 0 && names?.hasRetries === false) return { job: this, names };
    const next = await this.#findNext();
    return next === null ? { job: this, names } : next.look();
  }

  /**
   * Begins the next round, unless another caller has: then that one's channels are drawn.
   *
   * @param channels 1-based, to be drawn again
   */
  async retry(channels: readonly number[], now: Date): Promise<Job> {
    const retry = retryOf(await this.plan(), channels, now);
    await this.#putOnce(roundKeys(this.id, this.round + 1).retry, retry);
    return (await this.#findNext())!;
  }

  async #findNext(): Promise<Job | null> {
    if (this.#next !== null) return this.#next;
    const { retry: key } = roundKeys(this.id, this.round + 1);
    const retry = await findJson(this.#store, key, retrySchema);
    if (retry === null) return null;
    const again = new Set(retry.channels);
    this.#next = new Job(this.#store, this.id, { before: this, retry, again });
    return this.#next;
  }

  /** When the round began, and when its missing channels become failed. */
  async times(): Promise<{ readonly begun: Date; readonly deadline: Date }> {
    const { createdAt, deadline } = await this.plan();
    const { retriedAt = createdAt, deadline: own = deadline } = this.#later?.retry ?? {};
    return { begun: new Date(retriedAt), deadline: new Date(own) };
  }

  /** The channels (1-based) that this round draws, in the order of the sheet. */
  async drawn(): Promise<readonly number[]> {
    return (await this.plan()).channels.filter((channel) => this.#draws(channel));
  }

  /** True once the job has a plan: then, and only then, it is a job. */
  exists(): Promise<boolean> {
    return this.#has(planKey(this.id));
  }

  /** Makes it a job, unless another intake has. */
  async create(plan: JobPlan): Promise<Outcome> {
    const outcome = await this.#putOnce(planKey(this.id), plan);
    if (outcome === "created") this.#plan = plan;
    return outcome;
  }

  /** A plan never changes, so it is read once. @throws ObjectNotFoundError if it is no job */
  async plan(): Promise<JobPlan> {
    const plan = await this.findPlan();
    if (plan === null) throw new ObjectNotFoundError(planKey(this.id));
    return plan;
  }

  async findPlan(): Promise<JobPlan | null> {
    if (this.#later !== null) return this.#later.before.findPlan();
    this.#plan ??= await findJson(this.#store, planKey(this.id), planSchema);
    return this.#plan;
  }

  /** Writes the request as planned, for people to read. */
  async writeRequest(): Promise<void> {
    await this.#putOnce(requestKey(this.id), (await this.plan()).request);
  }

  /** True once every channel's message has been sent. */
  isDispatched(): Promise<boolean> {
    return this.#has(this.keys.dispatched);
  }

  async markDispatched(): Promise<void> {
    const { length: total } = await this.drawn();
    await this.#putOnce(this.keys.dispatched, { version: 1, total });
  }

  /** True once the CPU workers have been given a job of the GPU's. */
  hasFallenBack(): Promise<boolean> {
    return this.#has(this.keys.fellBack);
  }

  async markFallenBack(waitedSeconds: number): Promise<void> {
    await this.#putOnce(this.keys.fellBack, { version: 1, waitedSeconds });
  }

  /** True if the job has been told to stop. */
  isCancelled(): Promise<boolean> {
    return this.#has(this.keys.cancel);
  }

  async cancel(now: Date): Promise<void> {
    const cancellation = { version: 1, jobId: this.id, cancelledAt: now.toISOString() };
    await this.#putOnce(this.keys.cancel, cancellation);
  }

  /** The channels (1-based) that have a result. @param names if `look` has just found them */
  async ended(names: RoundNames | null = null): Promise<Set<number>> {
    const channels = new Set<number>();
    const { results } = this.keys;
    for await (const { key } of names?.hasResults === false ? [] : this.#store.list(results)) {
      const result = parseResultKey(key);
      if (result !== null) channels.add(result.channel);
    }
    if (this.#later === null) return channels;
    const kept = (await this.plan()).channels.filter((channel) => !this.#draws(channel));
    return new Set([...kept, ...channels]);
  }

  /** The planned channels (1-based) that have no result, in the order of the sheet. */
  async missing(): Promise<number[]> {
    const ended = await this.ended();
    return (await this.plan()).channels.filter((channel) => !ended.has(channel));
  }

  #draws(channel: number): boolean {
    return this.#later?.again.has(channel) ?? true;
  }

  async hasEnded(channel: number): Promise<boolean> {
    if (!this.#draws(channel)) return true;
    return this.#has(this.keys.result(channel));
  }

  /**
   * Ends a channel (1-based), unless it has ended: the first result written is the channel's end.
   *
   * @returns the channel's end, which may be another caller's
   */
  async end(channel: number, ending: Ending, delivered: Delivered): Promise<ChannelResult> {
    const result = resultOf(this.id, channel, ending, delivered);
    const outcome = await this.#putOnce(this.keys.result(channel), result);
    return outcome === "created" ? result : this.result(channel);
  }

  /** One that is damaged is the result of a channel that failed of it. */
  async findResult(channel: number): Promise<ChannelResult | null> {
    if (!this.#draws(channel)) return this.#later!.before.findResult(channel);
    const key = this.keys.result(channel);
    return findJson(this.#store, key, channelResultSchema).catch((error: unknown) =>
      failedByDamage(this.id, channel, error),
    );
  }

  /** @throws ObjectNotFoundError if the channel has not ended */
  async result(channel: number): Promise<ChannelResult> {
    const result = await this.findResult(channel);
    if (result !== null) return result;
    throw new ObjectNotFoundError(this.keys.result(channel));
  }

  /** By channel (1-based), each read once, however often an assembler looks: they never change. */
  async results(channels: Iterable<number>): Promise<ReadonlyMap<number, ChannelResult>> {
    const known = this.#results;
    const found = await mapConcurrently([...channels], async (channel) => {
      const result = known.get(channel) ?? (await this.result(channel));
      known.set(channel, result);
      return [channel, result] as const;
    });
    return new Map(found);
  }

  /** The assembler's last snapshot; `null` before the first, or if it is damaged. */
  findProgress(): Promise<JobProgress | null> {
    return findJson(this.#store, this.keys.status, progressSchema).catch(nothingIfDamaged);
  }

  /** Overwrites. */
  async writeProgress(progress: JobProgress): Promise<void> {
    await this.#store.put(this.keys.status, encodeJson(progress), JSON_TYPE);
  }

  /** True once the job has ended. */
  isComplete(): Promise<boolean> {
    return this.#has(this.keys.complete);
  }

  /** `null` until the job has ended; its end never changes, so it is read once. */
  async findCompletion(): Promise<Completion | null> {
    this.#completion ??= await findJson(this.#store, this.keys.complete, completionSchema);
    return this.#completion;
  }

  /**
   * Ends the job, unless it has ended. Its state goes first, the same whoever writes it.
   *
   * @returns its end, to the one caller that ended it; `null` to all others
   */
  async complete(tally: JobTally, now: Date, sheet: SheetFacts = {}): Promise<Completion | null> {
    const { request } = await this.plan();
    const { manifest } = this.keys;
    const montage = this.keys.montage(request.montage.format);
    const completion = completionOf(this.id, tally, { montage, manifest, ...sheet }, now);
    await this.#putOnce(this.keys.ended(completion.state), completion);
    const outcome = await this.#putOnce(this.keys.complete, completion);
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
