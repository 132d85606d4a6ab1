import { join } from "node:path";

import { networkFolders } from "../../lib/networks/folders.ts";
import { createEngineRenderer } from "../../lib/pipeline/render/engine-renderer.ts";
import type { CompleteRequest } from "../../lib/pipeline/request/complete-request.ts";
import { startLocalPipeline } from "../pipeline.ts";
import { runJobs } from "../run-job.ts";
import { checkLocalRequest } from "./check-local-request.ts";
import { describeEvent } from "./dream-events.ts";
import { DreamProgress } from "./dream-progress.ts";
import { deliverResults, resultPaths } from "./dream-results.ts";
import { checkNoFolders, makeWritable } from "./folders.ts";
import { namedRequests } from "./named-requests.ts";
import { openInViewer } from "./open-in-viewer.ts";
import type { ShortFlags } from "./short-request.ts";
import { quietTerminal, type Terminal } from "./terminal.ts";
import { InterruptedError, UsageError } from "./user-errors.ts";

export interface DreamFlags extends Partial<ShortFlags> {
  readonly out: string;
  readonly data?: string;
  readonly threads?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly open?: boolean;
}

export async function runDream(
  files: readonly string[],
  flags: DreamFlags,
  given: Terminal,
): Promise<void> {
  const terminal = terminalOf(flags, given);
  const requests = await namedRequests(files, flags, terminal);
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
  const delivery = { folder: flags.out, terminal };
  const tell = (event: object) => {
    if (flags.json) given.print(JSON.stringify(event));
  };
  try {
    await runJobs(
      pipeline,
      requests.map(({ request }) => request),
      {
        networks: networkFolders(terminal.env),
        signal: interruption.signal,
        onProgress: (event) => {
          progress.show(event);
          const { name } = requests[event.request]!;
          const described = describeEvent(event, name, flags.out);
          if (event.kind !== "ended") return tell(described);
          const { outcome } = event;
          // told once the files that it names are there
          const deliver = async () => {
            if (outcome.kind === "ended") await deliverResults(name, outcome, delivery);
            tell(described);
            if (outcome.kind === "rejected") {
              throw new UsageError(`${name}: ${outcome.problems.join("; ")}`);
            }
          };
          deliveries.push(deliver().catch((error: unknown) => failures.push(error)));
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
  const [first] = requests;
  if (flags.open && first !== undefined)
    await show(resultPaths(flags.out, first.name).sheet, given);
}

/** Results and remarks as the flags want them. */
function terminalOf({ json, quiet }: DreamFlags, terminal: Terminal): Terminal {
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
