import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

import { layerWithChannel, lookInto } from "../../functions/api/look-into.ts";
import { ProblemError } from "../../functions/api/problem.ts";
import { NetworkError } from "../../lib/networks/errors.ts";
import { messageOf } from "../../lib/onnx/errors.ts";
import type { Addressed } from "../../lib/pipeline/dataset/channel-examples.ts";
import type { DatasetLooks } from "../../lib/pipeline/dataset/dataset-looks.ts";
import type { NetworkSource } from "../../lib/pipeline/networks/bucket-networks.ts";
import { answerJson } from "./answer-json.ts";

export interface DatasetRoutesDeps {
  readonly looks: DatasetLooks;
  readonly networks: Pick<NetworkSource, "open">;
}

/** Of a layer, or of one of its channels. */
const EXAMPLES = /^\/page\/dataset\/networks\/([^/]+)\/(\d+)(?:\/(\d+))?$/;
const PHOTOGRAPHS = "/page/dataset/photographs/";
const PHOTOGRAPH = /^\/page\/dataset\/photographs\/([\da-f-]+)\/(\d+)$/;

/** The photographs of this machine that excite channels most, for the page alone. */
export class DatasetRoutes {
  readonly #deps: DatasetRoutesDeps;
  /** In addresses of photographs: another start may have others. */
  readonly #id = randomUUID();

  constructor(deps: DatasetRoutesDeps) {
    this.#deps = deps;
  }

  /**
   * @returns whether it has answered
   * @throws ProblemError for what is not there
   */
  async answer(path: string, { method }: IncomingMessage, outgoing: ServerResponse) {
    if (method !== "GET") return false;
    const [, id, photograph] = PHOTOGRAPH.exec(path) ?? [];
    if (photograph !== undefined) {
      const jpeg = id === this.#id ? await this.#shown(Number(photograph)) : null;
      if (jpeg === null) throw new ProblemError("not-found", ["there is no such photograph"]);
      const kept = "private, max-age=86400, immutable";
      outgoing.writeHead(200, { "Content-Type": "image/jpeg", "Cache-Control": kept });
      outgoing.end(jpeg);
      return true;
    }
    const [, network, index, channel] = EXAMPLES.exec(path) ?? [];
    if (network === undefined) return false;
    // ids of networks have nothing that would be encoded
    const found = await this.#examples(network, Number(index), channel ? Number(channel) : null);
    const address = `${PHOTOGRAPHS.slice(1)}${this.#id}`;
    answerJson(outgoing, { ...found, address } satisfies Addressed<typeof found>);
    return true;
  }

  /** @throws ProblemError for one that cannot be read, or not any more */
  async #shown(photograph: number): Promise<Uint8Array | null> {
    try {
      return await this.#deps.looks.shown(photograph);
    } catch (error) {
      throw new ProblemError("not-found", [messageOf(error)]);
    }
  }

  /** @param index of the layer, and `channel`, of which `null` is all: 1-based */
  async #examples(networkId: string, index: number, channel: number | null) {
    const { looks } = this.#deps;
    const network = await lookInto(networkId, this.#deps, (found) => found);
    const layer = layerWithChannel(network, index, channel ?? 1);
    try {
      if (channel === null) return looks.ofLayer(network, layer);
      return looks.ofChannel(network, layer, channel);
    } catch (error) {
      if (error instanceof NetworkError) throw new ProblemError("conflict", [error.message]);
      throw error;
    }
  }
}
