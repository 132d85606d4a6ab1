import type { Raster } from "../../image/raster.ts";
import { AscentEngine, type EngineOptions } from "../../optvis/ascent/engine.ts";
import { seenPlanes } from "../../optvis/ascent/network-planes.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { explainImage, type Explanation, type Question } from "./explain.ts";

/** Answers questions. */
export interface Explainer {
  /**
   * Why a network sees a class in a photograph. The same for the same pixels, whatever else runs.
   *
   * @throws NetworkError, RequestError, ImageError, UnsupportedGradientError, ModelError for what
   *   cannot be explained, each time anew; anything else for what may pass
   */
  explain(network: AnalysedNetwork, photograph: Raster, question: Question): Promise<Explanation>;
}

/** The explainer of production, on threads that end with the answer: pixels have work for several. */
export class EngineExplainer implements Explainer {
  readonly #threads: Pick<EngineOptions, "threads">;

  constructor(threads: Pick<EngineOptions, "threads"> = {}) {
    this.#threads = threads;
  }

  async explain(
    network: AnalysedNetwork,
    photograph: Raster,
    question: Question,
  ): Promise<Explanation> {
    const seen = await seenPlanes(photograph, network.model);
    await using engine = new AscentEngine(question.pixels ? this.#threads : { threads: 1 });
    return await explainImage(engine, network, seen, question);
  }
}
