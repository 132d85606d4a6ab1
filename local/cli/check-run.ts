import { availableParallelism } from "node:os";
import { basename, resolve } from "node:path";

import type { SheetFormat } from "../../lib/image/formats.ts";
import type { GivenInput } from "../../lib/networks/describe-input.ts";
import { cacheFolder } from "../../lib/networks/folders.ts";
import type { GpuGate } from "../../lib/optvis/runtime/gpu-gate.ts";
import { localGpuGate } from "../../lib/optvis/runtime/local-gpu.ts";
import { machineBytes } from "../../lib/optvis/runtime/machine-memory.ts";
import type { RenderTask } from "../../lib/pipeline/render/renderer.ts";
import { memoryNotice } from "../../lib/pipeline/request/memory-problems.ts";
import type { RenderRequest } from "../../lib/pipeline/request/request.ts";
import type { ResolvedRequest } from "../../lib/pipeline/request/resolved-request.ts";
import { ReportFile } from "../report/report-file.ts";
import { checkLocalRequest } from "./check-local-request.ts";
import type { Dream } from "./dream-output.ts";
import { checkNoFile, checkNoFolders } from "./folders.ts";
import { givenInput } from "./given-input.ts";
import type { InputFlags } from "./input-options.ts";
import { mapPaths } from "./map-paths.ts";
import { resultPaths } from "./result-paths.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./user-errors.ts";

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
  /** Whether the report is shown: at the end, or as soon as it has a picture. */
  readonly open?: boolean | "with the first picture";
}

/** Flags of a command that works out itself what is drawn; see `addDrawingOptions`. */
export interface DrawingFlags
  extends InputFlags, Pick<RenderFlags, "out" | "data" | "threads" | "json" | "quiet"> {
  readonly dryRun?: boolean;
  /** Whether the result is shown at the end. */
  readonly open?: boolean;
}

/** A request that can be run, and where its results go. */
export interface CheckedRequest {
  readonly dream: Dream;
  readonly resolved: ResolvedRequest;
}

/** All that is known of a run before anything of it is written. */
export interface CheckedRun {
  readonly checked: readonly CheckedRequest[];
  readonly report: ReportFile;
  readonly input: GivenInput | undefined;
}

export interface RunCheck {
  /** `gateOf` the same flags. */
  readonly gate: GpuGate | null;
  /**
   * Told how the first request is to be rendered, where that needs no file, and what an iteration
   * takes by estimate: as soon as it may be, whatever is wrong with the others.
   */
  readonly onFirstTask?: (task: RenderTask, stepSeconds: number) => void;
}

/** Of ext4, APFS and most others. */
const MOST_NAME_BYTES = 255;

/** Decides what of a run is drawn on this machine's GPU. */
export function gateOf({ threads }: RenderFlags, { env, note }: Terminal): GpuGate | null {
  return localGpuGate(env, { threads, tell: note, cacheFolder: cacheFolder(env) });
}

/**
 * Refuses a run that cannot be done, and tells what was chosen for the user of one that can.
 *
 * @throws UsageError, also if something that is not ours lies where the results go; NetworkError
 */
export async function checkRun(
  requests: readonly NamedRequest[],
  flags: RenderFlags,
  terminal: Terminal,
  { gate, onFirstTask }: RunCheck,
): Promise<CheckedRun> {
  const input = await givenInput(flags);
  const checked: CheckedRequest[] = [];
  for (const named of requests) {
    const { resolved, task } = await checkLocalRequest(named, terminal, { input, gate });
    const isFirst = checked.length === 0;
    if (isFirst && task && resolved.seconds) onFirstTask?.(task, resolved.seconds.step);
    checked.push({ dream: dreamOf(named, flags), resolved });
  }
  for (const folder of [flags.out, flags.data ?? flags.out]) await checkNoFile(folder);
  const report = new ReportFile({ folder: flags.out, embed: flags.embed ?? false });
  await checkPlaces(
    checked.map(({ dream }) => dream),
    report,
  );
  // of what is refused nothing else is told
  for (const { notice } of requests) if (notice !== null) terminal.note(notice);
  for (const { dream, resolved } of checked) {
    const notice = memoryNotice(resolved, machineBytes(), imagesAtOnce(resolved, flags));
    if (notice !== null) terminal.note(`${dream.name}: ${notice}`);
  }
  return { checked, report, input };
}

function imagesAtOnce({ channels }: ResolvedRequest, { threads }: RenderFlags): number {
  return Math.min(threads ?? availableParallelism(), channels.length);
}

function dreamOf({ name, request }: NamedRequest, { out, format }: RenderFlags): Dream {
  const paths = resultPaths(out, name, format ?? request.montage.format);
  return { name, paths, given: mapPaths(request, resolve) };
}

async function checkPlaces(dreams: readonly Dream[], report: ReportFile): Promise<void> {
  const files = dreams.flatMap(({ paths: { sheet, manifest } }) => [sheet, manifest]);
  const long = files.find((path) => Buffer.byteLength(basename(path)) > MOST_NAME_BYTES);
  if (long !== undefined) {
    throw new UsageError(
      `${long}: the name is longer than the ${MOST_NAME_BYTES} bytes that file systems take; give the request's file a shorter one`,
    );
  }
  await checkNoFolders([report.path, ...files]);
  if (await report.mayBeWritten()) return;
  throw new UsageError(
    `${report.path}: it is no report of ours, and is in the way of one; move it, or write elsewhere with --out`,
  );
}
