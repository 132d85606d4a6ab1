import { networkFolders } from "../lib/networks/folders.ts";
import { openNetwork } from "../lib/networks/registry.ts";
import { analyseNetwork } from "../lib/pipeline/networks/analyse-network.ts";
import { renderRequest } from "../lib/pipeline/render/render-request.ts";

/** One request on one thread of this process alone: prints what it cost. */
const [json] = process.argv.slice(2);
if (json === undefined) throw new Error("which request?");
const request: unknown = JSON.parse(json);
if (typeof request !== "object" || request === null || !("network" in request)) {
  throw new Error("a request names its network");
}

// what it takes to load our own sources, which are compiled here, is no part of it
const [startedMs, startedCpu] = [performance.now(), process.cpuUsage()];
const network = await analyseNetwork(
  await openNetwork(String(request.network), networkFolders(process.env)),
);
let redrawn = 0;
await renderRequest(network, request, {
  threads: 1,
  signal: new AbortController().signal,
  tell: async (event) => {
    if (event.kind === "failed") throw new Error(`channel ${event.channel}: ${event.reason}`);
    if (event.kind === "image" && event.redrawn) redrawn++;
  },
});
const { user, system } = process.cpuUsage(startedCpu);
process.stdout.write(
  JSON.stringify({
    seconds: (performance.now() - startedMs) / 1000,
    cpuSeconds: (user + system) / 1e6,
    peakMb: Math.round(process.resourceUsage().maxRSS / 1024),
    redrawn,
  }),
);
