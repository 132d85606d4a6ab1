import type { IncomingMessage, ServerResponse } from "node:http";

import { layerAt, layerWithChannel, lookInto } from "../../functions/api/look-into.ts";
import { ProblemError } from "../../functions/api/problem.ts";
import { UnsupportedGradientError } from "../../lib/autodiff/errors.ts";
import { ModelError } from "../../lib/onnx/errors.ts";
import {
  type ExpandedCircuit,
  expandedWeights,
} from "../../lib/pipeline/explain/expanded-weights.ts";
import type { NetworkSource } from "../../lib/pipeline/networks/bucket-networks.ts";
import { RequestError } from "../../lib/pipeline/request/request.ts";
import { answerJson } from "./answer-json.ts";

/** Network, layer, channel, and the layer further back. */
const EXPANDED = /^\/page\/circuits\/([^/]+)\/(\d+)\/(\d+)\/(\d+)$/;
/** Channels that are told of: more than a page shows of those that excite, and that inhibit. */
const MOST = 100;
/** Of a kernel: 256 x 256, as of the image, whose planes are few. */
const MOST_NUMBERS = 65_536;

/** What channels are made of further back, for the page alone: it takes ONNX Runtime. */
export class CircuitRoutes {
  readonly #networks: Pick<NetworkSource, "open">;
  /** One at a time: each answer takes a thread. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(networks: Pick<NetworkSource, "open">) {
    this.#networks = networks;
  }

  /**
   * @returns whether it has answered
   * @throws ProblemError for what is not there, or has no such weights
   */
  async answer(path: string, { method }: IncomingMessage, outgoing: ServerResponse) {
    const [, network, ...numbers] = EXPANDED.exec(path) ?? [];
    if (network === undefined || method !== "GET") return false;
    const [layer = 0, channel = 0, from = 0] = numbers.map(Number);
    const mine = this.#last.then(() =>
      // whoever has left meanwhile, for another channel, needs none
      outgoing.destroyed ? null : this.#expanded(network, { layer, channel, from }),
    );
    this.#last = mine.catch(() => null);
    const circuit = await mine;
    if (circuit === null) return true;
    const { sources, ...found } = circuit;
    const told = sources.slice(0, MOST).map(({ kernel, ...source }) => {
      const isTold = kernel.rows * kernel.columns <= MOST_NUMBERS;
      return { ...source, kernel: isTold ? kernel : { ...kernel, weights: null } };
    });
    answerJson(outgoing, { ...found, sources: told });
    return true;
  }

  /** @param asked all 1-based */
  async #expanded(
    networkId: string,
    asked: { readonly layer: number; readonly channel: number; readonly from: number },
  ): Promise<ExpandedCircuit> {
    const network = await lookInto(networkId, { networks: this.#networks }, (found) => found);
    layerWithChannel(network, asked.layer, asked.channel);
    layerAt(network, asked.from);
    try {
      return await expandedWeights(network, asked);
    } catch (error) {
      if (error instanceof RequestError) throw new ProblemError("conflict", error.problems);
      if (error instanceof ModelError || error instanceof UnsupportedGradientError) {
        throw new ProblemError("conflict", [error.message]);
      }
      throw error;
    }
  }
}
