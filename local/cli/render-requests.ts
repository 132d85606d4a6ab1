import { join } from "node:path";

import { networkFolders } from "../../lib/networks/folders.ts";
import type { Log } from "../../functions/log.ts";
import { startThreadAhead } from "../../lib/optvis/runtime/session-worker.ts";
import { EngineRenderer } from "../../lib/pipeline/render/engine-renderer.ts";
import type { RenderRequest } from "../../lib/pipeline/request/request.ts";
import { errorLog } from "../log.ts";
import { type LocalPipeline, type LocalPipelineOptions, startLocalPipeline } from "../pipeline.ts";
import type { RunEvent } from "../run-events.ts";
import { runJobs } from "../run-job.ts";
import {
  type CheckedRun,
  checkRun,
  gateOf,
  type NamedRequest,
  type RenderFlags,
} from "./check-run.ts";
import { describeEvent } from "./dream-events.ts";
import { DreamOutput, type DreamOutputOptions } from "./dream-output.ts";
import { DreamProgress } from "./dream-progress.ts";
import { checkTemporaryFolder, makeWritable } from "./folders.ts";
import { showFile } from "./open-in-viewer.ts";
import { type Terminal, terminalOf } from "./terminal.ts";
import { InterruptedError, isWithoutRoom, NothingDrawnError } from "./user-errors.ts";

const INTERRUPTIONS = ["SIGINT", "SIGTERM"] as const;

/**
 * Renders requests through the pipeline on this machine, and leaves sheets, tiles and a report.
 *
 * @param given where results and remarks go, as far as the flags want them
 * @throws UsageError; NetworkError; InterruptedError; NothingDrawnError once all else is done
 */
export async function renderRequests(
  requests: readonly NamedRequest[],
  flags: RenderFlags,
  given: Terminal,
): Promise<void> {
  await checkTemporaryFolder();
  // loads what it runs while requests are checked
  startThreadAhead();
  const terminal = terminalOf(flags, given);
  const gate = gateOf(flags, terminal);
  await using renderer = new EngineRenderer({ threads: flags.threads, gate });
  const checked = await checkRun(requests, flags, terminal, {
    gate,
    onFirstTask: (task, stepSeconds) => renderer.prepare(task, stepSeconds),
  });
  const { report } = checked;
  const dataFolder = flags.data ?? join(flags.out, ".pipeline");
  await makeWritable([flags.out, dataFolder]);
  const tell = (event: object) => {
    if (flags.json) given.print(JSON.stringify(event));
  };
  const run: DreamRun = {
    ...checked,
    requests: requests.map(({ request }) => request),
    folder: flags.out,
    terminal,
    tell,
    onFirstPicture: async () => {
      if (flags.open === "with the first picture") await showFile(report.path, given);
    },
  };
  const { problem, empty } = await withPipeline(
    { dataFolder, renderer, gate, threads: flags.threads },
    (pipeline, interruption) => runDreams(run, pipeline, interruption),
  );
  if (problem !== null) throw problem;
  terminal.note(`${report.path}  (all of it, to be looked at in a browser)`);
  tell({ kind: "report", report: report.path });
  if (flags.open === true) await showFile(report.path, given);
  if (empty.length > 0) throw new NothingDrawnError(empty);
}

interface DreamRun extends CheckedRun, Omit<DreamOutputOptions, "pipeline"> {
  readonly requests: readonly RenderRequest[];
  /** Hears of events, for other programs. */
  readonly tell: (event: object) => void;
}

/** Runs what was checked; what comes of it is written, and told, as it comes. */
async function runDreams(
  run: DreamRun,
  pipeline: LocalPipeline,
  interruption: AbortController,
): Promise<DreamOutput> {
  const { checked, input, requests, terminal, tell } = run;
  const dreams = checked.map(({ dream }) => dream);
  const progress = new DreamProgress(
    checked.map(({ dream: { name }, resolved: { request } }) => ({ name, request })),
    terminal,
  );
  const output = new DreamOutput(dreams, { ...run, pipeline });
  const follow = async (event: RunEvent) => {
    progress.show(event);
    const { paths, name } = dreams[event.request]!;
    const described = describeEvent(event, paths, name);
    const secondsLeft = progress.secondsLeft();
    const isRejection = event.kind === "ended" && event.outcome.kind === "rejected";
    // told once the files that it names are there
    const isDone = await output.follow(event);
    if (isDone || isRejection) {
      tell(event.kind === "step" ? { ...described, secondsLeft } : described);
    }
    stopWithoutRoom(interruption, output.problem);
  };
  try {
    await runJobs(pipeline, requests, {
      networks: { ...networkFolders(terminal.env), input },
      signal: interruption.signal,
      onProgress: (event) => void follow(event),
    });
  } finally {
    // a sheet is there as soon as its job has ended, whatever becomes of the others
    await output.end();
    progress.end();
  }
  return output;
}

/** Has a pipeline for a run, and ends it; a signal to the process ends the run. */
async function withPipeline<T>(
  parts: LocalPipelineOptions,
  run: (pipeline: LocalPipeline, interruption: AbortController) => Promise<T>,
): Promise<T> {
  const interruption = new AbortController();
  const logOf = (name: string): Log => {
    const log = errorLog(name);
    return {
      ...log,
      error: (message, fields) => {
        stopWithoutRoom(interruption, fields.error);
        if (!interruption.signal.aborted) log.error(message, fields);
      },
    };
  };
  // the second time, as nobody listens any more, a signal ends the process at once
  const interrupt = (signal: InterruptedError["signal"]) =>
    interruption.abort(new InterruptedError("interrupted; run it again to go on", signal));
  const pipeline = await startLocalPipeline({ ...parts, logOf });
  for (const name of INTERRUPTIONS) process.once(name, interrupt);
  try {
    return await run(pipeline, interruption);
  } finally {
    for (const name of INTERRUPTIONS) process.off(name, interrupt);
    await pipeline.stop();
  }
}

/** A service waits for a person who makes room; who waits for this run is told, and does it again. */
function stopWithoutRoom(interruption: AbortController, error: unknown): void {
  if (isWithoutRoom(error)) interruption.abort(error);
}
