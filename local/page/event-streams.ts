import type { ServerResponse } from "node:http";

import { type LiveDeps, summariseJob } from "../../functions/api/describe-job.ts";
import type { Jobs } from "../../lib/pipeline/job/jobs.ts";
import { readJobStatus } from "../../lib/pipeline/job/job-status.ts";
import type { PipelineEvent } from "../pipeline-events.ts";

interface EventStreamDeps extends LiveDeps {
  readonly jobs: Jobs;
}

/** Between two events about how far one job is. */
const JOB_EVERY_MS = 400;
/** Proxies and browsers give up a connection on which nothing comes. */
const SIGN_OF_LIFE_MS = 15_000;

/**
 * Tells browsers what happens, as server-sent events: `job` with a job's summary, as the API lists
 * it, and `channel` when one has ended.
 */
export class EventStreams {
  readonly #deps: EventStreamDeps;
  /** Each with the timer of its signs of life. */
  readonly #streams = new Map<ServerResponse, NodeJS.Timeout>();
  /** Jobs about which something is to be told soon. */
  readonly #due = new Map<string, NodeJS.Timeout>();

  constructor(deps: EventStreamDeps) {
    this.#deps = deps;
  }

  /** Answers a browser that listens, for as long as it does. */
  open(outgoing: ServerResponse): void {
    outgoing.writeHead(200, {
      "Content-Type": "text/event-stream",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
    });
    outgoing.write("retry: 1000\n\n");
    this.#streams.set(
      outgoing,
      setInterval(() => outgoing.write(":\n\n"), SIGN_OF_LIFE_MS),
    );
    outgoing.on("close", () => this.#forget(outgoing));
  }

  /** To be told of what happens in the pipeline. */
  readonly listener = (event: PipelineEvent): void => {
    if (this.#streams.size === 0) return;
    if (event.kind === "result") {
      const { result } = event;
      const { jobId, channel, state } = result;
      const facts =
        result.state === "ok"
          ? { activation: result.activation, reason: null, quality: result.quality }
          : { activation: null, reason: "reason" in result ? result.reason : null, quality: null };
      this.#send("channel", { jobId, channel, state, ...facts });
    }
    const jobId = jobOf(event);
    if (jobId !== null) this.#tellSoon(jobId);
  };

  close(): void {
    for (const timer of this.#due.values()) clearTimeout(timer);
    for (const stream of this.#streams.keys()) {
      // now: the pipeline goes on for a while, and a browser may leave the end unread
      this.#forget(stream);
      stream.end();
    }
  }

  #forget(stream: ServerResponse): void {
    clearInterval(this.#streams.get(stream));
    this.#streams.delete(stream);
  }

  #tellSoon(jobId: string): void {
    if (this.#due.has(jobId)) return;
    const timer = setTimeout(() => {
      this.#due.delete(jobId);
      // it may have been deleted or damaged meanwhile; who asks the API is told
      this.#tellOf(jobId).catch(() => undefined);
    }, JOB_EVERY_MS);
    this.#due.set(jobId, timer);
  }

  async #tellOf(jobId: string): Promise<void> {
    const status = await readJobStatus(this.#deps.jobs.open(jobId));
    if (status !== null) this.#send("job", summariseJob(status, "", this.#deps));
  }

  #send(name: string, data: unknown): void {
    for (const stream of this.#streams.keys()) {
      stream.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
    }
  }
}

function jobOf(event: PipelineEvent): string | null {
  switch (event.kind) {
    case "accepted":
      return event.plan.jobId;
    case "answered":
      return event.acceptance.status === "accepted" ? event.acceptance.jobId : null;
    case "step":
      return event.jobId;
    case "result":
      return event.result.jobId;
    case "progress":
      return event.progress.jobId;
    case "completed":
      return event.completion.jobId;
    case "given-up":
      break;
  }
  return null;
}
