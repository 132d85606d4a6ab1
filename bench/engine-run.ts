import { networkFolders } from "../lib/networks/folders.ts";
import { openNetwork } from "../lib/networks/registry.ts";
import { planLevels } from "../lib/optvis/ascent/plan-levels.ts";
import { imageShapeOf } from "../lib/optvis/graph/layer-pass.ts";
import { passProductFlops } from "../lib/optvis/graph/pass-flops.ts";
import { cropCount } from "../lib/optvis/graph/transforms/crop-plan.ts";
import { analyseNetwork } from "../lib/pipeline/networks/analyse-network.ts";
import { EngineRenderer } from "../lib/pipeline/render/engine-renderer.ts";
import { imageNumbers } from "../lib/pipeline/request/complete-request.ts";
import { requestedLayer } from "../lib/pipeline/request/requested-layer.ts";
import { convolutionLimit } from "./convolution-limit.ts";
import { jobOf, requestOf } from "./jobs.ts";
import { secondsOfImages } from "./renderings.ts";

/**
 * One job through the engine, twice, in this process alone: prints its times and its peak memory,
 * and what share of the machine's plain convolutions its passes reach.
 */
const [id = "", threads] = process.argv.slice(2);
const job = jobOf(id);

const opened = await openNetwork("googlenet", networkFolders(process.env));
const network = await analyseNetwork(opened);
const renderer = new EngineRenderer({ threads: Number(threads) });

const request = requestOf(job);
const channels = imageNumbers(request);
const task = { network, request, channels, initialImage: null, provider: "cpu" } as const;
// the first run compiles the graphs
const firstSeconds = await secondsOfImages(renderer, [task]);
const seconds = await secondsOfImages(renderer, [task]);
await renderer.close();
const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
const reached = products() / seconds / Number(threads);
const share = reached / (await convolutionLimit());
process.stdout.write(JSON.stringify({ seconds, firstSeconds, peakMb, share }));

/** Floating-point operations of the job's sums of products. */
function products(): number {
  const { model } = network;
  const { iterations, levels: pyramidLevels } = job;
  const layer = requestedLayer(request, network);
  const levels = planLevels(model, layer, {
    size: model.inputSize,
    pyramidLevels,
    pyramidScale: request.method === "deepdream" ? request.pyramidScale : 1,
  });
  const ofOneIteration = levels.reduce((sum, { size, crops }) => {
    const shape = imageShapeOf(model.model, 1, crops ?? size);
    return sum + (crops ? cropCount(crops) : 1) * passProductFlops(model.model, layer, shape);
  }, 0);
  return channels.length * iterations * ofOneIteration;
}
