import { existsSync } from "node:fs";
import { copyFile, cp, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

import { z } from "zod";

import { networkFolders } from "../../lib/networks/folders.ts";
import { createEngineRenderer } from "../../lib/pipeline/render/engine-renderer.ts";
import type { CompleteRequest } from "../../lib/pipeline/request/complete-request.ts";
import {
  type RenderRequest,
  parseLocalRequest,
  RequestError,
} from "../../lib/pipeline/request/request.ts";
import {
  describeSheetQuality,
  sheetQualitySchema,
} from "../../lib/pipeline/sheet/sheet-quality.ts";
import { startLocalPipeline } from "../pipeline.ts";
import type { JobOutcome } from "../run-events.ts";
import { runJobs } from "../run-job.ts";
import { checkLocalRequest } from "./check-local-request.ts";
import { DreamProgress } from "./dream-progress.ts";
import { checkNoFolders, makeWritable } from "./folders.ts";
import { readUserFile } from "./read-user-file.ts";
import { givenFields } from "./request-options.ts";
import { shortRequest, type ShortFlags } from "./short-request.ts";
import type { Terminal } from "./terminal.ts";
import { InterruptedError, UsageError } from "./user-errors.ts";

/** What `dream` renders when given nothing: the example on the network that needs no download. */
export const EXAMPLES = [
  "emojinet-1-conv1.json",
  "emojinet-2-conv2-reduce.json",
  "emojinet-3-inception-4e.json",
  "emojinet-4-classes.json",
  "fourier/emojinet-classes.json",
].map((file) => fileURLToPath(new URL(`../../examples/${file}`, import.meta.url)));

export interface DreamFlags extends Partial<ShortFlags> {
  readonly out: string;
  readonly data?: string;
  readonly threads?: number;
}

/** What is read of a sheet's manifest. */
const manifestSchema = z.object({ quality: sheetQualitySchema.nullable() });

/** A request and what its results are called. */
interface NamedRequest {
  readonly name: string;
  readonly request: RenderRequest;
  /** To be told before it is rendered. */
  readonly notice: string | null;
}

export async function runDream(
  files: readonly string[],
  flags: DreamFlags,
  terminal: Terminal,
): Promise<void> {
  const requests = await requestsOf(files, flags, terminal);
  const jobs: { readonly name: string; readonly request: CompleteRequest }[] = [];
  for (const named of requests) {
    jobs.push({ name: named.name, request: await checkLocalRequest(named, terminal) });
  }
  for (const { notice } of requests) if (notice !== null) terminal.note(notice);

  const dataFolder = flags.data ?? join(flags.out, ".pipeline");
  await checkNoFolders(
    requests.flatMap(({ name }) => {
      const { sheet, manifest } = resultPaths(flags.out, name);
      return [sheet, manifest];
    }),
  );
  await makeWritable([flags.out, dataFolder]);
  const renderer = createEngineRenderer({ threads: flags.threads });
  const progress = new DreamProgress(jobs, terminal);
  const pipeline = await startLocalPipeline({ dataFolder, renderer });
  const interruption = new AbortController();
  const interrupt = () =>
    interruption.abort(new InterruptedError("interrupted; run it again to go on"));
  process.once("SIGINT", interrupt);
  // a sheet is there as soon as its job has ended, whatever becomes of the others
  const deliveries: Promise<unknown>[] = [];
  const failures: unknown[] = [];
  try {
    await runJobs(
      pipeline,
      requests.map(({ request }) => request),
      {
        networks: networkFolders(terminal.env),
        signal: interruption.signal,
        onProgress: (event) => {
          progress.show(event);
          if (event.kind !== "ended") return;
          const { name } = requests[event.request]!;
          const delivery = deliver(name, event.outcome, { folder: flags.out, terminal, progress });
          deliveries.push(delivery.catch((error: unknown) => void failures.push(error)));
        },
      },
    );
  } finally {
    await Promise.all(deliveries);
    progress.end();
    process.off("SIGINT", interrupt);
    await pipeline.stop();
    await renderer.close();
  }
  if (failures.length > 0) throw failures[0];
}

/** Those of the files, or with --layer the one that the options make. */
async function requestsOf(
  files: readonly string[],
  flags: DreamFlags,
  terminal: Terminal,
): Promise<readonly NamedRequest[]> {
  const { layer } = flags;
  if (layer !== undefined) return [await shortRequest(files, { ...flags, layer }, terminal)];
  const [given] = Object.keys(givenFields({ ...flags }));
  if (given !== undefined || flags.channels !== undefined) {
    throw new UsageError(
      `${given ?? "channels"}: given without --layer; a request file says it itself, and a network is drawn with --layer`,
    );
  }
  const network = files.find((file) => !/\.json$/i.test(file) && !existsSync(file));
  if (network !== undefined) {
    throw new UsageError(
      `${network}: there is no such file; if it is a network, say which layer with --layer`,
    );
  }
  return readRequests(files.length > 0 ? files : EXAMPLES);
}

/** Reads and checks every request before anything else happens. */
async function readRequests(files: readonly string[]): Promise<readonly NamedRequest[]> {
  const requests = await Promise.all(
    files.map(async (file) => {
      const name = basename(file).replace(/\.json$/i, "");
      // TextDecoder drops the byte order mark that Windows editors put first
      const text = new TextDecoder().decode(await readUserFile(file));
      try {
        return { name, request: parseLocalRequest(parseJson(text)), notice: null };
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        throw new UsageError(`${file}: ${error.message}`);
      }
    }),
  );
  const names = requests.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return requests;
  throw new UsageError(
    `two requests are called '${twice}', so their sheets would be too; rename one`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RequestError([`it is not JSON: ${reason}`]);
  }
}

function resultPaths(folder: string, name: string) {
  return {
    sheet: join(folder, `${name}.png`),
    manifest: join(folder, `${name}.manifest.json`),
    tiles: join(folder, `${name}.tiles`),
  };
}

/** Copies a job's results out of the bucket's folder and says where they are. */
async function deliver(
  name: string,
  outcome: JobOutcome,
  {
    folder,
    terminal,
    progress,
  }: { readonly folder: string; readonly terminal: Terminal; readonly progress: DreamProgress },
): Promise<void> {
  if (outcome.kind === "rejected") throw new UsageError(`${name}: ${outcome.problems.join("; ")}`);
  const { sheet, manifest, tiles } = resultPaths(folder, name);
  await copyFile(outcome.manifestPath, manifest);
  await rm(tiles, { recursive: true, force: true });
  const { ok, failed, total } = outcome.completion;
  // without an image there is no folder of them
  if (ok > 0) await cp(outcome.tilesFolder, tiles, { recursive: true });
  await copyFile(outcome.sheetPath, sheet);
  progress.end();
  terminal.print(`${sheet}  (${ok} of ${total} images${failed > 0 ? `, ${failed} failed` : ""})`);
  const { quality } = manifestSchema.parse(JSON.parse(await readFile(manifest, "utf8")));
  if (quality !== null) terminal.note(`${name}: ${describeSheetQuality(quality)}`);
  if (failed > 0)
    terminal.note(
      `${name}: ${failed} channels failed; ${name}.manifest.json says why; the same request is the same job, --data with another folder renders it anew`,
    );
}
