/**
 * How messages come to the functions in the cloud, and come again: the stack is made of these
 * figures, the functions keep to them, and tests run the pipeline with them.
 */

/** How long a call of each function may take. */
export const TIMEOUT_SECONDS = {
  intake: 120,
  // Lambda's longest: a channel of many iterations on a large image takes minutes
  worker: 900,
  assembler: 600,
  "dead-letter": 60,
  // API Gateway waits no longer
  api: 29,
} as const;

/** How an event source calls its function. */
export interface EventSourceFigures {
  /** Messages of a call, at most. */
  readonly batchSize: number;
  /** How long messages are gathered after the first one. */
  readonly batchingWindowSeconds: number;
  /** Calls at a time, at most. */
  readonly maxConcurrency: number;
}

/**
 * What Lambda takes of a queue at most, without a batching window.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
 */
const MOST_OF_A_BATCH = 10;

/**
 * All event sources but the worker's, whose concurrency is a setting. A source that asks for more
 * calls than the account has is throttled, and throttled messages use up their deliveries: these, a
 * call of the API and three workers are the 10 of a new account. Two is the least that SQS event
 * sources take. Reserved concurrency would keep other functions of the account away, but Lambda
 * refuses it unless 100 are left unreserved.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
 */
export const EVENT_SOURCES = {
  intake: { batchSize: 1, batchingWindowSeconds: 0, maxConcurrency: 2 },
  // a job is looked at once a batch, however many of its results the batch reports
  assembler: { batchSize: 100, batchingWindowSeconds: 5, maxConcurrency: 2 },
  // thousands of dead letters can wait; the other functions need the account's concurrency
  "dead-letter": { batchSize: MOST_OF_A_BATCH, batchingWindowSeconds: 0, maxConcurrency: 2 },
} as const satisfies Record<string, EventSourceFigures>;

/**
 * Images that share a thread's start; more save nothing (npm run bench:worker), and others idle.
 */
const IMAGES_PER_THREAD = 2;

/** Messages that a CPU worker is called with, at most. */
export function workerBatchSize(threads: number): number {
  return Math.min(MOST_OF_A_BATCH, IMAGES_PER_THREAD * threads);
}

/**
 * Visibility timeout of a queue that feeds a function: six times the function's own, since
 * throttled polls count too. It is the time after which a message comes back that no function has
 * begun; a function that begins holds its messages for HELD_SECONDS at a time.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
 */
export function visibilitySecondsOf(name: keyof typeof TIMEOUT_SECONDS): number {
  return 6 * TIMEOUT_SECONDS[name];
}

/** Messages of a function that was killed come back after this time, at most. */
export const HELD_SECONDS = 45;

const FIRST_RETRY_SECONDS = 5;
const RETRY_FACTOR = 3;
const LONGEST_RETRY_SECONDS = 60;

/**
 * How soon a message comes back that failed: 5 s, 15 s, 45 s, then a minute each time. Most faults
 * of S3 or SQS are over by the second; five deliveries outlast two minutes of them, and the 30 of a
 * channel that no worker can begin are over within half an hour.
 *
 * @param receiveCount deliveries so far, from 1
 */
export function retrySeconds(receiveCount: number): number {
  const seconds = FIRST_RETRY_SECONDS * RETRY_FACTOR ** (receiveCount - 1);
  return Math.min(LONGEST_RETRY_SECONDS, seconds);
}
