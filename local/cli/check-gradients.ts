import { NetworkError } from "../../lib/networks/errors.ts";
import type { Network } from "../../lib/networks/registry.ts";
import { analyseNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import { layerProblems } from "../../lib/pipeline/networks/layer-problems.ts";

/**
 * Checks that a network's model loads and that a gradient reaches its image from some layer.
 *
 * @returns how deep gradients go, in a sentence for the user
 * @throws NetworkError if no layer can be rendered; ModelError if the model cannot be read
 */
export async function checkGradients(network: Network): Promise<string> {
  const analysis = await analyseNetwork(network);
  const problems = layerProblems(analysis);
  const layers = analysis.layers.slice(1);
  const lastProblem = problems.get(layers.at(-1)?.index ?? 0);
  const deepest = layers.findLast(({ index }) => !problems.has(index));
  if (deepest === undefined) {
    const { width, height } = network.description.input;
    throw new NetworkError(
      `no layer of ${network.modelPath} can be rendered at ${width}x${height}: ${lastProblem ?? "it has none"}`,
    );
  }
  const reach = `gradients reach the image from layer ${deepest.index} of ${analysis.layers.length}, '${deepest.name}'`;
  return lastProblem === undefined ? reach : `${reach}, but not from the last: ${lastProblem}`;
}
