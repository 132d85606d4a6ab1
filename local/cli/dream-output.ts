import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

import { SHEET_FORMATS } from "../../lib/image/formats.ts";
import { convertSheet } from "../../lib/image/png.ts";
import { readIfThere } from "../../lib/networks/absence.ts";
import type { JobPlan } from "../../lib/pipeline/job/plan.ts";
import { encodeJson } from "../../lib/pipeline/json.ts";
import { describeSheetQuality } from "../../lib/pipeline/sheet/sheet-quality.ts";
import { drawnFiles, filesOf } from "../drawn-files.ts";
import type { LocalPipeline } from "../pipeline.ts";
import { liveSheet } from "../report/live-sheet.ts";
import { type ReportFile, readSheet } from "../report/report-file.ts";
import { type NamedSheet, noticesOf } from "../report/report-sheet.ts";
import type { JobOutcome, RunEvent } from "../run-events.ts";
import { formatOfSheet, resultPaths, type ResultPaths } from "./result-paths.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./user-errors.ts";

/** Between two reports of a run that goes on. */
const REPORT_EVERY_MS = 3_000;

/** A request's results in the folder. */
export interface Dream {
  readonly name: string;
  readonly paths: ResultPaths;
  /** Where the request names files of this machine, so that it can be given from any folder. */
  readonly given: Readonly<Record<string, unknown>>;
}

/** One that is being made. */
interface BegunDream extends Dream {
  /** `null` before it is accepted. */
  plan: JobPlan | null;
  /** What is being done for it, one thing after the other. */
  work: Promise<void>;
}

export interface DreamOutputOptions {
  readonly folder: string;
  readonly terminal: Terminal;
  readonly pipeline: LocalPipeline;
  readonly report: ReportFile;
  /** Once, when the report shows the first picture. */
  readonly onFirstPicture?: () => Promise<void>;
}

/** What `dream` leaves in its folder: each tile as it ends, each sheet with its job, the report. */
export class DreamOutput {
  readonly #dreams: readonly BegunDream[];
  readonly #options: DreamOutputOptions;
  readonly #failures: unknown[] = [];
  readonly #empty: string[] = [];
  #reportedMs = -Infinity;
  #reporting: Promise<void> = Promise.resolve();
  #isShown = false;

  /** @param dreams by the numbers of their requests in the run's events */
  constructor(dreams: readonly Dream[], options: DreamOutputOptions) {
    this.#dreams = dreams.map((dream) => ({ ...dream, plan: null, work: Promise.resolve() }));
    this.#options = options;
  }

  /**
   * Does what an event asks for.
   *
   * @returns whether it could be done: the files that it is about are then there
   */
  async follow(event: RunEvent): Promise<boolean> {
    const dream = this.#dreams[event.request]!;
    const done = dream.work.then(() => this.#act(dream, event));
    dream.work = done.catch((error: unknown) => void this.#failures.push(error));
    return done.then(
      () => true,
      () => false,
    );
  }

  /** The first thing that went wrong, `null` for nothing. */
  get problem(): unknown {
    return this.#failures[0] ?? null;
  }

  /** The requests of which no image could be drawn, of those whose sheets are written. */
  get empty(): readonly string[] {
    return this.#empty;
  }

  /** Writes the last report. */
  async end(): Promise<void> {
    await Promise.all(this.#dreams.map(({ work }) => work));
    await this.#reporting;
    if (this.#dreams.some(({ plan }) => plan !== null)) {
      await this.#report(false).catch((error: unknown) => void this.#failures.push(error));
    }
  }

  async #act(dream: BegunDream, event: RunEvent): Promise<void> {
    if (event.kind === "accepted") {
      await this.#begin(dream, event.plan);
      dream.plan = event.plan;
    }
    if (event.kind === "channel" && event.result.state === "ok") {
      await this.#copyTiles(dream, filesOf(event.result).map(this.#inBucket));
      this.#reportSoon();
    }
    if (event.kind === "ended") await this.#deliver(dream, event.outcome);
  }

  /** What lies there of another job goes, so that all there is belongs together. */
  async #begin(dream: Dream, { jobId }: JobPlan): Promise<void> {
    const { manifest, tiles } = dream.paths;
    if ((await readSheet(manifest))?.jobId === jobId) return;
    await this.#removeSheets(dream);
    for (const path of [manifest, tiles]) await rm(path, { recursive: true, force: true });
    // those of an earlier run that was cut short
    const earlier = await drawnFiles(this.#options.pipeline.acceptDeps.jobs.open(jobId));
    await this.#copyTiles(dream, earlier.map(this.#inBucket));
  }

  /** In whichever format. */
  async #removeSheets({ name }: Dream): Promise<void> {
    const { folder } = this.#options;
    for (const format of SHEET_FORMATS) {
      await rm(resultPaths(folder, name, format).sheet, { recursive: true, force: true });
    }
  }

  async #copyTiles({ paths: { tiles } }: Dream, files: readonly string[]): Promise<void> {
    // without an image there is no folder of them
    if (files.length > 0) await mkdir(tiles, { recursive: true });
    for (const file of files) await copyFile(file, join(tiles, basename(file)));
  }

  async #deliver(dream: Dream, outcome: JobOutcome): Promise<void> {
    const { name, given } = dream;
    if (outcome.kind === "rejected") {
      throw new UsageError(`${name}: ${outcome.problems.join("; ")}`);
    }
    const { print, note } = this.#options.terminal;
    const { sheet, manifest } = dream.paths;
    const { ok, failed, total } = outcome.completion;
    await this.#copyTiles(dream, outcome.tilePaths);
    if (ok === 0) this.#empty.push(name);
    const written = JSON.parse(await readFile(outcome.manifestPath, "utf8")) as object;
    const described = Buffer.from(encodeJson({ ...written, given })).toString("utf8");
    // in other formats lie the same pictures, unless some have been drawn again since
    if ((await readIfThere(manifest)) !== described) await this.#removeSheets(dream);
    await this.#writeSheet(outcome.sheetPath, sheet);
    await writeFile(manifest, described);
    print(`${sheet}  (${ok} of ${total} images${failed > 0 ? `, ${failed} failed` : ""})`);
    const shown = await readSheet(manifest);
    if (shown !== null) for (const notice of noticesOf(shown)) note(`${name}: ${notice}`);
    const quality = shown?.quality ?? null;
    if (quality !== null) note(`${name}: ${describeSheetQuality(quality)}`);
    if (failed > 0)
      note(
        `${name}: ${failed} of ${total} images failed; ${name}.manifest.json says why; the same request is the same job, --data with another folder renders it anew`,
      );
  }

  async #writeSheet(file: string, target: string): Promise<void> {
    const [from, format] = [formatOfSheet(file), formatOfSheet(target)];
    if (format === from) return copyFile(file, target);
    await writeFile(target, await convertSheet(await readFile(file), from, format));
  }

  #reportSoon(): void {
    const now = performance.now();
    if (now - this.#reportedMs < REPORT_EVERY_MS) return;
    this.#reportedMs = now;
    this.#reporting = this.#reporting
      .then(() => this.#report(true))
      .catch((error: unknown) => void this.#failures.push(error));
  }

  async #report(isRunning: boolean): Promise<void> {
    const sheets: NamedSheet[] = [];
    for (const { name, paths, given, plan } of this.#dreams) {
      if (plan === null) continue;
      const sheet = (await readSheet(paths.manifest)) ?? { ...(await this.#live(plan)), given };
      sheets.push({ name, sheet, image: basename(paths.sheet) });
    }
    await this.#options.report.write(sheets, isRunning);
    if (this.#isShown || sheets.every(({ sheet }) => sheet.ok === 0)) return;
    this.#isShown = true;
    await this.#options.onFirstPicture?.();
  }

  async #live(plan: JobPlan) {
    const job = await this.#options.pipeline.acceptDeps.jobs.open(plan.jobId).latest();
    return liveSheet(plan, await job.results(await job.ended()));
  }

  readonly #inBucket = (key: string): string =>
    join(this.#options.pipeline.bucketFolder, ...key.split("/"));
}
