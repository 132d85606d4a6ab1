import type { Provider } from "../../../autodiff/provider.ts";
import type { Optimiser } from "../parts.ts";
import { emitLaplacianNormalisation } from "./laplacian.ts";

/** x <- x + step * lapnorm(g), no clipping. */
export function normalisedStep(provider: Provider): Optimiser {
  return (graph, { parameters, gradient, step }) => {
    const direction = emitLaplacianNormalisation(graph, gradient, provider);
    return graph.emit("Add", [parameters, graph.emit("Mul", [direction, step])]);
  };
}
