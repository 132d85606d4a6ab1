import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { ACCOUNT_ID } from "./account.ts";
import { SteadyClock, systemClock } from "./clock.ts";
import { serveHttp } from "./http/server.ts";
import { type EndpointOptions, notificationRules, queueAttributes } from "./options.ts";
import { createRouter } from "./router.ts";
import { Buckets } from "./s3/buckets.ts";
import { checkOverlap } from "./s3/notification-rule.ts";
import { Notifier } from "./s3/notifier.ts";
import type { S3Context } from "./s3/s3-request.ts";
import { Uploads } from "./s3/uploads.ts";
import { Queues } from "./sqs/queues.ts";
import type { QueueCounters } from "./sqs/queue-types.ts";
import { DataFolder } from "./storage/data-folder.ts";

/** A running endpoint. */
export interface Endpoint {
  /** `http://127.0.0.1:<port>`, for S3 and SQS alike. */
  readonly url: string;
  queueUrl(name: string): string;
  /** What happened in a queue since the start, and what is in it. */
  queueCounters(name: string): QueueCounters;
  /** How often each operation was asked for since the start, by its name in the API. */
  operationCounts(): ReadonlyMap<string, number>;
  /** Lets long polls end, at once and from now on: who is to stop need not wait for them. */
  endLongPolls(): void;
  /** Lets long polls end, finishes what is running, and lets go of the data folder. */
  close(): Promise<void>;
}

/**
 * Starts S3 and SQS on one port of the loopback interface, for the real AWS clients.
 *
 * Objects and queues are found again after a restart, also after a SIGKILL.
 *
 * @throws Error if the port is taken, the data folder is open in another process, or the
 *   options contradict each other; DamagedFileError for a file that cannot be read.
 */
export async function startEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const { port = 0, clock = systemClock, faults } = options;
  const folder = new DataFolder(options.dataFolder);
  const steadyClock = new SteadyClock();
  const queueClock = options.clock ?? steadyClock;
  const letGo = () => {
    steadyClock.stop();
    folder.release();
  };
  const { queues, buckets, uploads } = releasing(letGo, () => ({
    queues: new Queues({ folder: folder.queues, clock: queueClock, faults }),
    buckets: new Buckets(folder),
    uploads: new Uploads(folder.uploads),
  }));
  // what is left was never finished
  for (const name of readdirSync(folder.staging)) rmSync(join(folder.staging, name));
  const release = () => {
    queues.close();
    buckets.close();
    uploads.close();
    letGo();
  };

  let url = "";
  const queueUrl = (name: string) => `${url}/${ACCOUNT_ID}/${name}`;
  const notifier = new Notifier(queues, clock);
  const operationCounts = new Map<string, number>();
  const s3 = { buckets, uploads, notifier, clock, stagingFolder: folder.staging };
  const router = createRouter({
    folder,
    count: (name) => operationCounts.set(name, (operationCounts.get(name) ?? 0) + 1),
    s3,
    sqs: { queues, clock: queueClock, queueUrl },
  });
  try {
    makeQueues(options, queues);
    makeBuckets(options, s3);
    const server = await serveHttp(router, { port, clock });
    url = `http://127.0.0.1:${server.port}`;
    return {
      url,
      queueUrl,
      queueCounters: (name) => queues.get(name).counters(),
      operationCounts: () => operationCounts,
      endLongPolls: () => queues.endLongPolls(),
      async close() {
        queues.endLongPolls();
        try {
          await server.close();
        } finally {
          release();
        }
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** What is damaged is no reason to keep the folder from the next try. */
function releasing<T>(letGo: () => void, open: () => T): T {
  try {
    return open();
  } catch (error) {
    letGo();
    throw error;
  }
}

function makeQueues({ queues: wanted = [] }: EndpointOptions, queues: Queues): void {
  for (const options of wanted) {
    const attributes = queueAttributes(options);
    const queue = queues.find(options.name) ?? queues.create(options.name, {});
    queue.setAttributes(attributes);
  }
}

function makeBuckets(
  { buckets: wanted = [] }: EndpointOptions,
  { buckets, notifier, clock }: S3Context,
): void {
  const requestId = "START";
  for (const bucket of buckets.all) {
    for (const { record, event } of bucket.objects.recovered) {
      notifier.notify(bucket, { name: event, key: record.key, content: record, requestId });
    }
  }
  for (const options of wanted) {
    const rules = notificationRules(options);
    checkOverlap(rules);
    const missing = rules.find(({ queueArn }) => !notifier.hasQueue(queueArn));
    if (missing !== undefined) {
      throw new Error(
        `bucket '${options.name}': there is no queue ${missing.queueArn} for its notifications; add it to 'queues'`,
      );
    }
    const bucket = buckets.getOrCreate(options.name, clock.now());
    if (options.notifications === undefined || isDeepStrictEqual(bucket.rules, rules)) continue;
    notifier.configured(buckets.setRules(options.name, rules), requestId);
  }
}
