import { z } from "zod";

import { ManifestError } from "../../lib/networks/errors.ts";
import { layerRows } from "../../lib/networks/layer-rows.ts";
import { NETWORK_ID, type NetworkManifest } from "../../lib/networks/manifest.ts";
import { ModelError } from "../../lib/onnx/errors.ts";
import {
  analyseNetwork,
  type NetworkAnalysis,
} from "../../lib/pipeline/networks/analyse-network.ts";
import { mapConcurrently } from "../../lib/pipeline/concurrency.ts";
import { readPublishedManifest } from "../../lib/pipeline/networks/published-manifest.ts";
import { RequestError } from "../../lib/pipeline/request/request.ts";
import { layerProblems } from "../../lib/pipeline/networks/layer-problems.ts";
import { ObjectNotFoundError, type ObjectStore } from "../../lib/storage/object-store.ts";
import { NO_BODY } from "./check-input.ts";
import { layersLink } from "./links.ts";
import { ProblemError } from "./problem.ts";
import { type ApiDeps, defineRoute } from "./route.ts";
import { layerTableSchema, networkIdSchema, networkListSchema } from "./schemas.ts";

const nothing = z.strictObject({});

export const listNetworks = defineRoute({
  method: "GET",
  template: "/networks",
  operationId: "listNetworks",
  summary: "The networks that a request can name",
  path: nothing,
  query: nothing,
  body: NO_BODY,
  takesIdempotencyKey: false,
  success: {
    status: 200,
    description: "all networks",
    schema: networkListSchema,
    schemaName: "NetworkList",
  },
  problems: [],
  handle: async ({ basePath }, { networks, store }) => {
    const ids = (await networks.list()).filter((id) => NETWORK_ID.test(id));
    const found = (await mapConcurrently(ids, (id) => lookAt(store, id))).flat();
    return {
      body: {
        networks: found.flatMap((manifest) =>
          typeof manifest === "string" ? [] : [describeNetwork(manifest, basePath)],
        ),
        problems: found.filter((problem) => typeof problem === "string"),
      },
    };
  },
});

export const listLayers = defineRoute({
  method: "GET",
  template: "/networks/{networkId}/layers",
  operationId: "listLayers",
  summary: "A network's layer table, and which layers can be rendered",
  path: z.strictObject({ networkId: networkIdSchema }),
  query: nothing,
  body: NO_BODY,
  takesIdempotencyKey: false,
  success: {
    status: 200,
    description: "the layer table",
    schema: layerTableSchema,
    schemaName: "LayerTable",
  },
  problems: ["not-found", "conflict"],
  handle: async ({ path: { networkId } }, deps) => {
    const analysis = await analyse(networkId, deps);
    return {
      body: {
        network: networkId,
        layers: layerRows(analysis.layers, layerProblems(analysis)),
      },
    };
  },
});

/** The manifest, or what is wrong with it: one broken network must not hide the others. */
async function lookAt(store: ObjectStore, id: string): Promise<(NetworkManifest | string)[]> {
  try {
    return [await readPublishedManifest(store, id)];
  } catch (error) {
    if (error instanceof ManifestError) return [error.message];
    // files without a manifest are a network that is being uploaded
    if (error instanceof ObjectNotFoundError) return [];
    throw error;
  }
}

function describeNetwork({ id, licence, input, labels }: NetworkManifest, basePath: string) {
  const { width, height, channelOrder } = input;
  return {
    id,
    licence,
    input: { width, height, channelOrder },
    hasClassNames: labels !== null,
    links: { layers: layersLink(basePath, id) },
  };
}

async function analyse(id: string, { networks, store }: ApiDeps): Promise<NetworkAnalysis> {
  try {
    await readPublishedManifest(store, id);
    return await analyseNetwork(await networks.open(id));
  } catch (error) {
    if (error instanceof ObjectNotFoundError) {
      throw new ProblemError("not-found", [`there is no network '${id}'`]);
    }
    if (error instanceof RequestError) throw new ProblemError("conflict", error.problems);
    if (error instanceof ManifestError || error instanceof ModelError) {
      throw new ProblemError("conflict", [`network '${id}' cannot be used: ${error.message}`]);
    }
    throw error;
  }
}
