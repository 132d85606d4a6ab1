import { join } from "node:path";

import type { SheetFormat } from "../../lib/image/formats.ts";
import { cacheFolder, networkFolders } from "../../lib/networks/folders.ts";
import type { Log } from "../../functions/log.ts";
import type { GpuGate } from "../../lib/optvis/runtime/gpu-gate.ts";
import { localGpuGate } from "../../lib/optvis/runtime/local-gpu.ts";
import { startThreadAhead } from "../../lib/optvis/runtime/session-worker.ts";
import {
  createEngineRenderer,
  type EngineRenderer,
} from "../../lib/pipeline/render/engine-renderer.ts";
import type { RenderTask } from "../../lib/pipeline/render/renderer.ts";
import type { CompleteRequest } from "../../lib/pipeline/request/complete-request.ts";
import type { RenderRequest } from "../../lib/pipeline/request/request.ts";
import { errorLog } from "../log.ts";
import { type LocalPipeline, startLocalPipeline } from "../pipeline.ts";
import { ReportFile } from "../report/report-file.ts";
import type { RunEvent } from "../run-events.ts";
import { runJobs } from "../run-job.ts";
import { checkLocalRequest } from "./check-local-request.ts";
import { describeEvent } from "./dream-events.ts";
import { type Dream, DreamOutput } from "./dream-output.ts";
import { DreamProgress } from "./dream-progress.ts";
import { checkNoFolders, checkTemporaryFolder, makeWritable } from "./folders.ts";
import { givenInput } from "./given-input.ts";
import { givenPaths } from "./given-paths.ts";
import type { InputFlags } from "./input-options.ts";
import { openInViewer } from "./open-in-viewer.ts";
import { resultPaths } from "./result-paths.ts";
import { quietTerminal, type Terminal } from "./terminal.ts";
import { InterruptedError, isWithoutRoom, NothingDrawnError, UsageError } from "./user-errors.ts";

const INTERRUPTIONS = ["SIGINT", "SIGTERM"] as const;

/** A request and what its results are called. */
export interface NamedRequest {
  readonly name: string;
  readonly request: RenderRequest;
  /** What was chosen for the user, told before it is rendered; `null` for nothing. */
  readonly notice: string | null;
}

export interface RenderFlags extends InputFlags {
  readonly out: string;
  readonly data?: string;
  readonly threads?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly embed?: boolean;
  /** Of the sheets. @default what each request says */
  readonly format?: SheetFormat;
  /** Whether, and when, the report is shown. */
  readonly open: "no" | "at the end" | "with the first picture";
}

interface PipelineParts {
  readonly dataFolder: string;
  readonly renderer: EngineRenderer;
  readonly gate: GpuGate | null;
}

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
  const terminal = terminalOf(flags, given);
  await checkTemporaryFolder();
  // loads what it runs while requests are checked
  startThreadAhead();
  const input = await givenInput(flags);
  const { threads } = flags;
  const gate = localGpuGate(terminal.env, {
    threads,
    tell: (line) => terminal.note(line),
    cacheFolder: cacheFolder(terminal.env),
  });
  const { jobs, firstTask } = await checkRequests(requests, terminal, { input, gate });
  for (const { notice } of requests) if (notice !== null) terminal.note(notice);

  const dreams = requests.map(({ name, request }): Dream => {
    const paths = resultPaths(flags.out, name, flags.format ?? request.montage.format);
    return { name, paths, given: givenPaths(request) };
  });
  const report = new ReportFile({ folder: flags.out, embed: flags.embed ?? false });
  await checkPlaces(dreams, report);
  const dataFolder = flags.data ?? join(flags.out, ".pipeline");
  await makeWritable([flags.out, dataFolder]);
  const tell = (event: object) => {
    if (flags.json) given.print(JSON.stringify(event));
  };
  const progress = new DreamProgress(jobs, terminal);
  const renderer = createEngineRenderer({ threads, gate });
  if (firstTask) renderer.prepare(firstTask);
  const { problem, empty } = await withPipeline(
    { dataFolder, renderer, gate },
    async (pipeline, interruption) => {
      const output = new DreamOutput(dreams, {
        folder: flags.out,
        terminal,
        pipeline,
        report,
        onFirstPicture: async () => {
          if (flags.open === "with the first picture") await show(report.path, given);
        },
      });
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
        await runJobs(
          pipeline,
          requests.map(({ request }) => request),
          {
            networks: { ...networkFolders(terminal.env), input },
            signal: interruption.signal,
            onProgress: (event) => void follow(event),
          },
        );
      } finally {
        // a sheet is there as soon as its job has ended, whatever becomes of the others
        await output.end();
        progress.end();
      }
      return output;
    },
  );
  if (problem !== null) throw problem;
  terminal.note(`${report.path}  (all of it, to be looked at in a browser)`);
  tell({ kind: "report", report: report.path });
  if (flags.open === "at the end") await show(report.path, given);
  if (empty.length > 0) {
    throw new NothingDrawnError(`${empty.join(", ")}: none of the images could be drawn`);
  }
}

/** @returns each request in full, and how the first is rendered, where that needs no file */
async function checkRequests(
  requests: readonly NamedRequest[],
  terminal: Terminal,
  means: Parameters<typeof checkLocalRequest>[2],
) {
  let firstTask: RenderTask | null = null;
  const jobs: { readonly name: string; readonly request: CompleteRequest }[] = [];
  for (const named of requests) {
    const { request, task } = await checkLocalRequest(named, terminal, means);
    if (jobs.length === 0) firstTask = task;
    jobs.push({ name: named.name, request });
  }
  return { jobs, firstTask };
}

/** @throws UsageError if something that is not ours lies where the results go */
async function checkPlaces(dreams: readonly Dream[], report: ReportFile): Promise<void> {
  const files = dreams.flatMap(({ paths: { sheet, manifest } }) => [sheet, manifest]);
  await checkNoFolders([report.path, ...files]);
  if (await report.mayBeWritten()) return;
  throw new UsageError(
    `${report.path}: it is no report of ours, and is in the way of one; move it, or write elsewhere with --out`,
  );
}

/** Has a pipeline for a run, and ends it and the renderer; a signal to the process ends the run. */
async function withPipeline<T>(
  { renderer, ...options }: PipelineParts,
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
  try {
    const pipeline = await startLocalPipeline({ ...options, renderer, logOf });
    for (const name of INTERRUPTIONS) process.once(name, interrupt);
    try {
      return await run(pipeline, interruption);
    } finally {
      for (const name of INTERRUPTIONS) process.off(name, interrupt);
      await pipeline.stop();
    }
  } finally {
    await renderer.close();
  }
}

/** A service waits for a person who makes room; who waits for this run is told, and does it again. */
function stopWithoutRoom(interruption: AbortController, error: unknown): void {
  if (isWithoutRoom(error)) interruption.abort(error);
}

/** Results and remarks as the flags want them. */
function terminalOf({ json, quiet }: RenderFlags, terminal: Terminal): Terminal {
  const shown = quiet ? quietTerminal(terminal) : terminal;
  if (!json) return shown;
  // events tell what the bar and the lines of results would
  const { progressBar } = quietTerminal(terminal);
  return { ...shown, print: () => undefined, progressBar };
}

async function show(path: string, { env, note }: Terminal): Promise<void> {
  if (await openInViewer(path, env)) return;
  note(`${path}: no program was found to open it; open it in a browser, or name one in BROWSER`);
}
