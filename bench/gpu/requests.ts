import { readFile } from "node:fs/promises";

import type { Provider } from "../../lib/autodiff/provider.ts";
import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import type { RenderTask } from "../../lib/pipeline/render/renderer.ts";
import { parseLocalRequest } from "../../lib/pipeline/request/request.ts";
import { resolveRequest } from "../../lib/pipeline/request/resolve-request.ts";
import { TINY } from "./options.ts";

/** The example's four sheets on GoogLeNet, 84 images, in examples/. */
export const EXAMPLE = [
  "googlenet-1-conv1.json",
  "googlenet-2-conv2-reduce.json",
  "googlenet-3-inception-4e.json",
  "googlenet-4-classes.json",
];

/** A sheet of each recipe of the Fourier method, in examples/. */
export const RECIPES = [
  "fourier/googlenet-classes-natural.json",
  "fourier/googlenet-classes-vivid.json",
  "fourier/googlenet-classes-poster.json",
  "fourier/googlenet-classes-lucid.json",
  "fourier/googlenet-classes-maco.json",
  "fourier/googlenet-classes-ellipses.json",
  "fourier/googlenet-channels-cppn.json",
  "fourier/googlenet-channels-3b.json",
  "fourier/googlenet-channels-4c.json",
  "fourier/googlenet-channels-5b.json",
];

/**
 * A request of examples/, ready to be rendered.
 *
 * @param file from examples/
 * @throws RequestError if the network is not one that it can be asked of
 */
export async function exampleTask(
  file: string,
  network: AnalysedNetwork,
  { provider, isTiny }: { readonly provider: Provider; readonly isTiny: boolean },
): Promise<RenderTask> {
  const json = JSON.parse(
    await readFile(new URL(`../../examples/${file}`, import.meta.url), "utf8"),
  ) as object;
  const less = isTiny && { numIterations: TINY.iterations };
  const resolved = await resolveRequest(parseLocalRequest({ ...json, ...less }), network, null);
  const { request, channels } = resolved;
  return {
    network,
    request,
    channels: isTiny ? channels.slice(0, TINY.images) : channels,
    initialImage: null,
    provider,
  };
}
