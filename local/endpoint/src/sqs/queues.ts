import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { queueArn } from "../account.ts";
import { AwsError } from "../aws-error.ts";
import type { Clock } from "../clock.ts";
import { type FaultPlan, fatesOf } from "../faults.ts";
import { Queue } from "./queue.ts";
import { QueueJournal } from "./queue-journal.ts";
import { checkAttributes, type QueueAttributes } from "./queue-settings.ts";
import { invalidParameter, queueDoesNotExist } from "./sqs-error.ts";

export interface QueuesOptions {
  /** Of the journals. */
  readonly folder: string;
  readonly clock: Clock;
  readonly faults: FaultPlan | undefined;
}

const SUFFIX = ".jsonl";

/** All queues of the endpoint. */
export class Queues {
  readonly #options: QueuesOptions;
  readonly #queues = new Map<string, Queue>();

  constructor(options: QueuesOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true });
    for (const file of readdirSync(options.folder)) {
      if (file.endsWith(SUFFIX)) this.#open(file.slice(0, -SUFFIX.length));
    }
    // only now every dead-letter queue is there
    for (const queue of this.#queues.values()) queue.settle();
  }

  get names(): readonly string[] {
    return [...this.#queues.keys()].toSorted();
  }

  find(name: string): Queue | undefined {
    return this.#queues.get(name);
  }

  /** @throws AwsError QueueDoesNotExist */
  get(name: string): Queue {
    const queue = this.find(name);
    if (queue === undefined) throw queueDoesNotExist();
    return queue;
  }

  byArn(arn: string): Queue | undefined {
    const name = arn.split(":").at(-1) ?? "";
    return arn === queueArn(name) ? this.find(name) : undefined;
  }

  has(arn: string): boolean {
    return this.byArn(arn) !== undefined;
  }

  /** Nothing happens if there is no such queue. */
  send(arn: string, body: string): void {
    const plain = { attributes: {}, delaySeconds: null, groupId: null, traceHeader: null };
    this.byArn(arn)?.send({ body, ...plain });
  }

  /** Names of the queues whose dead letters go to that queue. */
  sourcesOf(arn: string): readonly string[] {
    return this.names.filter((name) => this.get(name).redrivePolicy?.deadLetterTargetArn === arn);
  }

  /**
   * Creates a queue, or finds the one of that name with those attributes.
   *
   * @throws AwsError QueueNameExists if it has others; InvalidParameterValue for a bad name.
   */
  create(name: string, attributes: QueueAttributes): Queue {
    if (name.endsWith(".fifo")) {
      throw new AwsError("UnsupportedOperation", "FIFO queues are not implemented.");
    }
    if (!/^[\w-]{1,80}$/.test(name)) {
      throw invalidParameter(
        "QueueName",
        name,
        "can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
      );
    }
    checkAttributes(attributes);
    const known = this.find(name);
    if (known === undefined) return this.#open(name, attributes);
    const different = Object.keys(attributes).find(
      (attribute) => known.attributes[attribute] !== attributes[attribute],
    );
    if (different === undefined) return known;
    throw new AwsError(
      "QueueNameExists",
      `A queue already exists with the same name and a different value for attribute ${different}`,
    );
  }

  /** @throws AwsError QueueDoesNotExist */
  delete(name: string): void {
    this.get(name).close();
    this.#queues.delete(name);
    rmSync(this.#journalPath(name));
  }

  /** Lets long polls end empty, at once and from now on. */
  endLongPolls(): void {
    for (const { arrivals } of this.#queues.values()) arrivals.close();
  }

  close(): void {
    for (const queue of this.#queues.values()) queue.close();
  }

  #journalPath(name: string): string {
    return join(this.#options.folder, name + SUFFIX);
  }

  /** @param attributes of a queue that is not in its journal */
  #open(name: string, attributes: QueueAttributes = {}): Queue {
    const { clock, faults } = this.#options;
    const journal = new QueueJournal(this.#journalPath(name));
    const fresh = { createdMs: clock.now(), attributes, messages: new Map() };
    const state = journal.restored ?? fresh;
    journal.compact(state);
    const queue = new Queue(state, {
      arn: queueArn(name),
      clock,
      journal,
      moveTo: (arn, message) => {
        const target = this.byArn(arn);
        target?.accept(message);
        return target !== undefined;
      },
      fateOf: fatesOf(faults, name),
    });
    this.#queues.set(name, queue);
    return queue;
  }
}
