import { NetworkError } from "../../lib/networks/errors.ts";
import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";

/**
 * Checks that a gradient reaches a network's image from some layer.
 *
 * @returns how deep gradients go, in a sentence for the user
 * @throws NetworkError if no layer can be rendered; ModelError if the model cannot be read
 */
export function checkGradients(analysis: AnalysedNetwork): string {
  const { problems } = analysis;
  const layers = analysis.layers.slice(1);
  const lastProblem = problems.get(layers.at(-1)?.index ?? 0);
  const deepest = layers.findLast(({ index }) => !problems.has(index));
  if (deepest === undefined) {
    const { width, height } = analysis.description.input;
    throw new NetworkError(
      `no layer of ${analysis.modelPath} can be rendered at ${width}x${height}: ${lastProblem ?? "it has none"}`,
    );
  }
  const reach = `gradients reach the image from layer ${deepest.index} of ${analysis.layers.length}, '${deepest.name}'`;
  return lastProblem === undefined ? reach : `${reach}, but not from the last: ${lastProblem}`;
}
