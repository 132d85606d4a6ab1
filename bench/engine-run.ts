import { networkFolders } from "../lib/networks/folders.ts";
import { openNetwork } from "../lib/networks/registry.ts";
import { analyseNetwork } from "../lib/pipeline/networks/analyse-network.ts";
import { createEngineRenderer } from "../lib/pipeline/render/engine-renderer.ts";
import { imageNumbers } from "../lib/pipeline/request/complete-request.ts";
import { JOBS, requestOf } from "./jobs.ts";

/**
 * One job through the engine, twice, in this process alone: prints its times and its peak memory.
 */
const [id, threads] = process.argv.slice(2);
const job = JOBS.find((candidate) => candidate.id === id);
if (!job) throw new Error(`there is no job '${id}'`);

const opened = await openNetwork("googlenet", networkFolders(process.env));
const network = await analyseNetwork(opened);
const renderer = createEngineRenderer({ threads: Number(threads) });

const request = requestOf(job);

async function timed(): Promise<number> {
  const started = performance.now();
  const results = await renderer.render({
    network,
    request,
    channels: imageNumbers(request),
    initialImage: null,
    provider: "cpu",
  });
  const failed = results.find(({ kind }) => kind === "failed");
  if (failed) throw new Error(`channel ${failed.channel} failed`);
  return (performance.now() - started) / 1000;
}

// the first run compiles the graphs
const firstSeconds = await timed();
const seconds = await timed();
await renderer.close();
const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
process.stdout.write(JSON.stringify({ seconds, firstSeconds, peakMb }));
