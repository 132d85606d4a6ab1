import { eventStream } from "../lib/pipeline/event-stream.ts";
import { cacheFolder } from "../lib/networks/folders.ts";
import { localGpuGate } from "../lib/optvis/runtime/local-gpu.ts";
import { EngineRenderer } from "../lib/pipeline/render/engine-renderer.ts";
import { parseLocalRequest, type RenderRequestInput } from "../lib/pipeline/request/request.ts";
import { doAll } from "./do-all.ts";
import { startLocalPipeline } from "./pipeline.ts";
import type { JobOutcome, RunEvent } from "./run-events.ts";
import { runJobs } from "./run-job.ts";

/*
 * The whole pipeline on this machine: S3 and SQS on the loopback interface, and the handlers that
 * run in the cloud. What a request has rendered stays in the data folder: the same request again is
 * the same job, and a job that was cut short goes on when the pipeline starts again.
 *
 *     const pipeline = await startPipeline({ dataFolder: "data" });
 *     for await (const event of pipeline.run([request])) console.log(event);
 *     await pipeline.stop();
 */
export type { JobOutcome, RenderRequestInput, RunEvent };

export interface PipelineOptions {
  /**
   * Created if need be. Objects lie in it as plain files; one process at a time may have it open.
   */
  readonly dataFolder: string;
  /** Port of S3 and SQS. @default a free one */
  readonly port?: number;
  /** Worker threads. @default one per core */
  readonly threads?: number;
}

export interface Pipeline {
  /** How AWS clients reach its S3 and SQS. */
  readonly connection: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /** Requests put into it under `requests/` are run too. */
  readonly bucket: string;
  /** Where a key of the bucket is a file. */
  readonly bucketFolder: string;
  /**
   * Runs requests, as their JSON files have them, and tells what happens to each; the last event of
   * each, `ended`, names the files of its sheet, manifest and tiles.
   *
   * Leaving the loop, or the signal, ends the waiting; jobs that were begun go on until `stop`.
   *
   * @throws RequestError naming every problem of a request that cannot be read; NetworkError; the
   *   signal's reason; Error once the pipeline is being stopped
   */
  run(
    requests: readonly RenderRequestInput[],
    options?: { readonly signal?: AbortSignal },
  ): AsyncGenerator<RunEvent, void, undefined>;
  /**
   * Gives up channels at work, which the next start goes on with, and ends the threads. Loops over
   * `run` end with an error. Once more is the same stop.
   */
  stop(): Promise<void>;
}

/** @throws Error if the port is taken or another process has the data folder open */
export async function startPipeline({ threads, ...options }: PipelineOptions): Promise<Pipeline> {
  const gate = localGpuGate(process.env, { threads, cacheFolder: cacheFolder(process.env) });
  const renderer = new EngineRenderer({ threads, gate });
  const pipeline = await startLocalPipeline({ ...options, threads, renderer, gate }).catch(
    async (error: unknown) => {
      await renderer.close();
      throw error;
    },
  );
  const { connection, bucket, bucketFolder } = pipeline;
  const stopping = new AbortController();
  let stopped: Promise<void> | null = null;
  const stop = async () => {
    stopping.abort(new Error("the pipeline has been stopped"));
    await doAll([() => pipeline.stop(), () => renderer.close()]);
  };
  return {
    connection,
    bucket,
    bucketFolder,
    run: (requests, { signal: given } = {}) =>
      eventStream<RunEvent>(
        async (tell, signal) => {
          signal.throwIfAborted();
          const onProgress = (event: RunEvent) => void tell(event);
          await runJobs(pipeline, requests.map(parseLocalRequest), { onProgress, signal });
        },
        stopping.signal,
        given,
      ),
    stop: () => (stopped ??= stop()),
  };
}
