import * as z from "zod";

import { DescriptionError } from "../../lib/networks/errors.ts";
import { classesOf } from "../../lib/networks/labels.ts";
import { NETWORK_ID, type NetworkDescription } from "../../lib/networks/description.ts";
import { findModel } from "../../lib/networks/registry.ts";
import { surveyOne } from "../../lib/networks/survey.ts";
import { ModelError } from "../../lib/onnx/errors.ts";
import { circuitOf } from "../../lib/pipeline/networks/circuit.ts";
import { fileFacts, layerFacts } from "../../lib/pipeline/networks/layer-facts.ts";
import { removeNetwork } from "../../lib/pipeline/job/remove-network.ts";
import { findPublishedDescription } from "../../lib/pipeline/networks/published-description.ts";
import { layerRows } from "../../lib/pipeline/request/layer-rows.ts";
import { NO_INPUT } from "./check-input.ts";
import { firstThatFit, fits } from "./first-that-fit.ts";
import {
  circuitPageSchema,
  circuitPathSchema,
  layerPageSchema,
  layerPathSchema,
} from "./input-schemas.ts";
import { classesLink, layerPageLink, layersLink } from "./links.ts";
import { lookAtEach } from "./look-at-each.ts";
import { layerAt, layerWithChannel, lookInto, noSuchNetwork } from "./look-into.ts";
import { ProblemError } from "./problem.ts";
import { defineRoute } from "./route.ts";
import {
  circuitDocumentSchema,
  classListSchema,
  layerFactsDocumentSchema,
  layerTableSchema,
  networkListSchema,
  removedNetworkSchema,
} from "./network-schemas.ts";
import { networkIdSchema } from "./schemas.ts";

/** Of the routes that are about one network. */
const NETWORK_INPUT = { ...NO_INPUT, path: z.strictObject({ networkId: networkIdSchema }) };

export const listNetworks = defineRoute({
  method: "GET",
  template: "/networks",
  operationId: "listNetworks",
  summary: "The networks that a request can name",
  ...NO_INPUT,
  success: {
    status: 200,
    description: "all networks",
    schema: networkListSchema,
    schemaName: "NetworkList",
  },
  problems: [],
  handle: async ({ basePath }, { networks, store, networkFolders }) => {
    const ids = (await networks.list()).filter((id) => NETWORK_ID.test(id));
    // files without a description are a network that is being uploaded
    const look = async (id: string) => {
      const description = await findPublishedDescription(store, id);
      const removable = !(await isInFolder(id, networkFolders));
      return description && { description, removable };
    };
    const { found, problems } = await lookAtEach(ids, look, DescriptionError);
    return {
      body: {
        networks: found.map(({ description, removable }) => ({
          ...describeNetwork(description, basePath),
          removable,
        })),
        problems,
      },
    };
  },
});

export const listLayers = defineRoute({
  method: "GET",
  template: "/networks/{networkId}/layers",
  operationId: "listLayers",
  summary: "A network's layer table, and which layers can be rendered",
  ...NETWORK_INPUT,
  query: layerPageSchema,
  success: {
    status: 200,
    description: "the layer table",
    schema: layerTableSchema,
    schemaName: "LayerTable",
  },
  problems: ["not-found", "conflict"],
  handle: async ({ path: { networkId }, query: { after }, basePath }, deps) => {
    const { rows, file } = await lookInto(networkId, deps, (network) => ({
      rows: layerRows(network),
      file: fileFacts(network),
    }));
    const rest = rows.filter(({ index }) => index > after);
    const layers = firstThatFit(rest);
    const next =
      layers.length === rest.length
        ? null
        : layerPageLink(basePath, networkId, layers.at(-1)!.index);
    return { body: { network: networkId, file, layers, links: { next } } };
  },
});

export const getLayer = defineRoute({
  method: "GET",
  template: "/networks/{networkId}/layers/{index}",
  operationId: "getLayer",
  summary: "A layer's node as the file has it: operator, attributes, inputs and weights",
  ...NO_INPUT,
  path: layerPathSchema,
  success: {
    status: 200,
    description: "the layer's facts",
    schema: layerFactsDocumentSchema,
    schemaName: "LayerFacts",
  },
  problems: ["not-found", "conflict"],
  handle: async ({ path: { networkId, index } }, deps) => {
    const network = await lookInto(networkId, deps, (found) => found);
    const layer = layerAt(network, index);
    const body = await layerFacts(network, layer);
    if (!fits(body)) {
      throw new ProblemError("conflict", [
        `layer ${index} of network '${networkId}' has more names and attributes than one answer can hold; 'dreamgrid analyze' with --layer shows them`,
      ]);
    }
    return { body };
  },
});

export const getCircuit = defineRoute({
  method: "GET",
  template: "/networks/{networkId}/layers/{index}/channels/{channel}/circuit",
  operationId: "getCircuit",
  summary: "What a channel is made of, and what is made of it: channels, and the weights between",
  ...NO_INPUT,
  path: circuitPathSchema,
  query: circuitPageSchema,
  success: {
    status: 200,
    description: "the channel's circuit",
    schema: circuitDocumentSchema,
    schemaName: "Circuit",
  },
  problems: ["not-found", "conflict"],
  handle: async ({ path: { networkId, index, channel }, query: { limit } }, deps) => {
    const network = await lookInto(networkId, deps, (found) => found);
    const layer = layerWithChannel(network, index, channel);
    try {
      return { body: circuitOf(network, layer, channel, limit) };
    } catch (error) {
      if (error instanceof ModelError) throw new ProblemError("conflict", [error.message]);
      throw error;
    }
  },
});

export const listClasses = defineRoute({
  method: "GET",
  template: "/networks/{networkId}/classes",
  operationId: "listClasses",
  summary: "The names of a network's classes, by which a request can name channels",
  ...NETWORK_INPUT,
  success: {
    status: 200,
    description: "all classes",
    schema: classListSchema,
    schemaName: "ClassList",
  },
  problems: ["not-found", "conflict"],
  handle: async ({ path: { networkId } }, deps) => {
    const labels = await lookInto(networkId, deps, (network) => network.labels);
    return { body: { network: networkId, classes: [...classesOf(labels ?? [])] } };
  },
});

/** Jobs that are named of those in the way. */
const JOBS_NAMED = 3;

export const deleteNetwork = defineRoute({
  method: "DELETE",
  template: "/networks/{networkId}",
  operationId: "removeNetwork",
  summary: "Removes a network that no job draws with; what has been drawn stays",
  ...NETWORK_INPUT,
  success: {
    status: 200,
    description: "the network is gone",
    schema: removedNetworkSchema,
    schemaName: "RemovedNetwork",
  },
  problems: ["not-found", "conflict"],
  handle: async ({ path: { networkId } }, deps) => {
    if (await isInFolder(networkId, deps.networkFolders)) {
      throw new ProblemError("conflict", [
        `network '${networkId}' is in a folder of the service, which would publish it again; remove it there`,
      ]);
    }
    const removal = await removeNetwork(networkId, deps);
    if (removal.outcome === "unknown") throw noSuchNetwork(networkId);
    if (removal.outcome === "busy") {
      const { jobs } = removal;
      const rest = jobs.length - JOBS_NAMED;
      const named = jobs.slice(0, JOBS_NAMED).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
      throw new ProblemError("conflict", [
        `network '${networkId}' is drawn with by ${named}; wait for their end, or cancel them`,
      ]);
    }
    return { body: { network: networkId } };
  },
});

/** What cannot be read, or has no model there, is not published either. */
async function isInFolder(id: string, folders: readonly string[] = []): Promise<boolean> {
  for (const folder of folders) {
    const found = await surveyOne(folder, id);
    if (found?.kind === "broken") return false;
    if (found !== null) return (await findModel(found.description, folders)) !== null;
  }
  return false;
}

function describeNetwork({ id, licence, input, labels }: NetworkDescription, basePath: string) {
  const { width, height, channelOrder, assumed = null } = input;
  return {
    id,
    licence,
    input: { width, height, channelOrder, assumed },
    hasClassNames: labels !== null,
    links: { layers: layersLink(basePath, id), classes: classesLink(basePath, id) },
  };
}
