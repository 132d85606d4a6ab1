import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

import { SHEET_FORMATS } from "../../lib/image/formats.ts";
import { convertSheet } from "../../lib/image/png.ts";
import type { JobPlan } from "../../lib/pipeline/job/plan.ts";
import type { ChannelResult } from "../../lib/pipeline/job/result.ts";
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

export interface DreamOutputOptions {
  readonly folder: string;
  readonly terminal: Terminal;
  readonly pipeline: LocalPipeline;
  readonly report: ReportFile;
  /** What each request names on this machine, see `givenPaths`. */
  readonly given: readonly Record<string, unknown>[];
  /** Where the results of each go. */
  readonly paths: readonly ResultPaths[];
  /** Once, when the report shows the first picture. */
  readonly onFirstPicture?: () => Promise<void>;
}

/** What `dream` leaves in its folder: each tile as it ends, each sheet with its job, the report. */
export class DreamOutput {
  readonly #names: readonly string[];
  readonly #options: DreamOutputOptions;
  /** What is being done for each request, one thing after the other. */
  readonly #work: Promise<void>[];
  readonly #plans: (JobPlan | null)[];
  readonly #failures: unknown[] = [];
  readonly #empty: string[] = [];
  #reportedMs = -Infinity;
  #reporting: Promise<void> = Promise.resolve();
  #isShown = false;

  /** @param names of the requests' results, by their numbers in the run's events */
  constructor(names: readonly string[], options: DreamOutputOptions) {
    this.#names = names;
    this.#options = options;
    this.#work = names.map(() => Promise.resolve());
    this.#plans = names.map(() => null);
  }

  /**
   * Does what an event asks for.
   *
   * @returns whether it could be done: the files that it is about are then there
   */
  async follow(event: RunEvent): Promise<boolean> {
    const { request } = event;
    const done = this.#work[request]!.then(() => this.#act(event));
    this.#work[request] = done.catch((error: unknown) => void this.#failures.push(error));
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
    await Promise.all(this.#work);
    await this.#reporting;
    if (this.#plans.some((plan) => plan !== null)) {
      await this.#report(false).catch((error: unknown) => void this.#failures.push(error));
    }
  }

  async #act(event: RunEvent): Promise<void> {
    const { request: index } = event;
    const name = this.#names[index]!;
    if (event.kind === "accepted") {
      await this.#begin(name, event.plan);
      this.#plans[index] = event.plan;
    }
    if (event.kind === "channel" && event.result.state === "ok") {
      await this.#copyTiles(name, filesOf(event.result).map(this.#inBucket));
      this.#reportSoon();
    }
    if (event.kind === "ended") await this.#deliver(name, event.outcome);
  }

  /** What lies there of another job goes, so that all there is belongs together. */
  async #begin(name: string, { jobId }: JobPlan): Promise<void> {
    const { manifest, tiles } = this.#pathsOf(name);
    if ((await readSheet(manifest))?.jobId === jobId) return;
    const sheets = SHEET_FORMATS.map((format) => resultPaths(this.#options.folder, name, format));
    for (const { sheet } of sheets) await rm(sheet, { recursive: true, force: true });
    for (const path of [manifest, tiles]) await rm(path, { recursive: true, force: true });
    // those of an earlier run that was cut short
    const earlier = await drawnFiles(this.#options.pipeline.acceptDeps.jobs.open(jobId));
    await this.#copyTiles(name, earlier.map(this.#inBucket));
  }

  async #copyTiles(name: string, paths: readonly string[]): Promise<void> {
    const { tiles } = this.#pathsOf(name);
    // without an image there is no folder of them
    if (paths.length > 0) await mkdir(tiles, { recursive: true });
    for (const path of paths) await copyFile(path, join(tiles, basename(path)));
  }

  async #deliver(name: string, outcome: JobOutcome): Promise<void> {
    if (outcome.kind === "rejected") {
      throw new UsageError(`${name}: ${outcome.problems.join("; ")}`);
    }
    const { print, note } = this.#options.terminal;
    const { sheet, manifest } = this.#pathsOf(name);
    const { ok, failed, total } = outcome.completion;
    await this.#copyTiles(name, outcome.tilePaths);
    if (ok === 0) this.#empty.push(name);
    await this.#writeSheet(outcome.sheetPath, sheet);
    const written = JSON.parse(await readFile(outcome.manifestPath, "utf8")) as object;
    await writeFile(manifest, encodeJson({ ...written, given: this.#givenOf(name) }));
    print(`${sheet}  (${ok} of ${total} images${failed > 0 ? `, ${failed} failed` : ""})`);
    const described = await readSheet(manifest);
    if (described !== null) for (const notice of noticesOf(described)) note(`${name}: ${notice}`);
    const quality = described?.quality ?? null;
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
    for (const [i, plan] of this.#plans.entries()) {
      if (plan === null) continue;
      const name = this.#names[i]!;
      const sheet = (await readSheet(this.#pathsOf(name).manifest)) ?? (await this.#live(plan, i));
      sheets.push({ name, sheet, image: basename(this.#pathsOf(name).sheet) });
    }
    await this.#options.report.write(sheets, isRunning);
    if (this.#isShown || sheets.every(({ sheet }) => sheet.ok === 0)) return;
    this.#isShown = true;
    await this.#options.onFirstPicture?.();
  }

  #givenOf(name: string) {
    return this.#options.given[this.#names.indexOf(name)] ?? {};
  }

  async #live(plan: JobPlan, index: number) {
    const job = await this.#options.pipeline.acceptDeps.jobs.open(plan.jobId).latest();
    const results: ReadonlyMap<number, ChannelResult> = await job.results(await job.ended());
    return { ...liveSheet(plan, results), given: this.#givenOf(this.#names[index]!) };
  }

  #pathsOf(name: string): ResultPaths {
    return this.#options.paths[this.#names.indexOf(name)]!;
  }

  readonly #inBucket = (key: string): string =>
    join(this.#options.pipeline.bucketFolder, ...key.split("/"));
}
