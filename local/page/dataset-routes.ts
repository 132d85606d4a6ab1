import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

import { layerWithChannel, lookInto } from "../../functions/api/look-into.ts";
import { ProblemError } from "../../functions/api/problem.ts";
import { NetworkError } from "../../lib/networks/errors.ts";
import type { ExamplesDocument } from "../../lib/pipeline/dataset/channel-examples.ts";
import type { DatasetLooks } from "../../lib/pipeline/dataset/dataset-looks.ts";
import type { NetworkSource } from "../../lib/pipeline/networks/bucket-networks.ts";

export interface DatasetRoutesDeps {
  readonly looks: DatasetLooks;
  readonly networks: Pick<NetworkSource, "open">;
}

const EXAMPLES = /^\/page\/dataset\/([^/]+)\/(\d+)\/(\d+)$/;
const PHOTOGRAPH = /^\/page\/dataset\/photographs\/([\da-f-]+)\/(\d+)$/;

/** The photographs of this machine that excite a channel most, for the page alone. */
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
      const jpeg = id === this.#id ? await this.#deps.looks.shown(Number(photograph)) : null;
      if (jpeg === null) throw new ProblemError("not-found", ["there is no such photograph"]);
      const kept = "private, max-age=86400, immutable";
      outgoing.writeHead(200, { "Content-Type": "image/jpeg", "Cache-Control": kept });
      outgoing.end(jpeg);
      return true;
    }
    const [, network, index, channel] = EXAMPLES.exec(path) ?? [];
    if (network === undefined) return false;
    // ids of networks have nothing that would be encoded
    const body = JSON.stringify(await this.#examples(network, Number(index), Number(channel)));
    outgoing.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "no-store" });
    outgoing.end(body);
    return true;
  }

  /** @param index of the layer, and `channel`: 1-based */
  async #examples(networkId: string, index: number, channel: number): Promise<ExamplesDocument> {
    const network = await lookInto(networkId, this.#deps, (found) => found);
    const layer = layerWithChannel(network, index, channel);
    try {
      const { examples, ...progress } = this.#deps.looks.examples(network, layer, channel);
      const image = (photograph: number) => `page/dataset/photographs/${this.#id}/${photograph}`;
      return {
        ...progress,
        examples: examples.map((each) => ({ ...each, image: image(each.photograph) })),
      };
    } catch (error) {
      if (error instanceof NetworkError) throw new ProblemError("conflict", [error.message]);
      throw error;
    }
  }
}
