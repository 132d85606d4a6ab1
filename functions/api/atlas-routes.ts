import * as z from "zod";

import { DescriptionError } from "../../lib/networks/errors.ts";
import { type Atlas, atlasOf, beginAtlas, findAtlas } from "../../lib/pipeline/atlas/atlas.ts";
import { cancelAtlas } from "../../lib/pipeline/atlas/cancel-atlas.ts";
import { atlasSeconds, planAtlas } from "../../lib/pipeline/atlas/plan-atlas.ts";
import { mapConcurrently } from "../../lib/pipeline/concurrency.ts";
import { estimateOfSeconds } from "../../lib/pipeline/job/estimate.ts";
import { readJobStatus } from "../../lib/pipeline/job/job-status.ts";
import { RequestError } from "../../lib/pipeline/request/request.ts";
import { requestedNetwork } from "../../lib/pipeline/request/requested-network.ts";
import { NO_INPUT } from "./check-input.ts";
import { summariseJob } from "./describe-job.ts";
import { atlasLink, jobLink } from "./links.ts";
import { ProblemError } from "./problem.ts";
import { type ApiDeps, defineRoute } from "./route.ts";
import {
  acceptedAtlasSchema,
  atlasDocumentSchema,
  atlasNameSchema,
  atlasRequestSchema,
} from "./schemas.ts";

export const createAtlas = defineRoute({
  method: "POST",
  template: "/atlases",
  operationId: "createAtlas",
  summary:
    "Renders a whole network, a job for each of its layers; the same again goes on with the same jobs",
  ...NO_INPUT,
  body: { schema: atlasRequestSchema, schemaName: "AtlasRequest" },
  success: {
    status: 202,
    description: "its jobs are under way, or for a dry run, what they would be",
    schema: acceptedAtlasSchema,
    schemaName: "AcceptedAtlas",
    headers: { Location: "address of the atlas" },
  },
  problems: [],
  handle: async ({ body, basePath }, { networks, store, now }) => {
    const { network: id, name = id, dryRun, ...selection } = body;
    try {
      const network = await requestedNetwork(id, networks.open(id));
      const sheets = await planAtlas(network, selection);
      const atlas = atlasOf({ name, network: id, createdAt: now().toISOString() }, sheets);
      if (!dryRun) await beginAtlas(store, atlas, sheets);
      const fields = describeAtlas(atlas, basePath);
      return {
        body: { ...fields, estimate: estimateOfSeconds(atlasSeconds(sheets)) },
        headers: { Location: fields.links.self },
      };
    } catch (error) {
      // one of its recipes
      if (error instanceof DescriptionError) {
        throw new ProblemError("invalid-request", [`network: ${error.message}`]);
      }
      if (!(error instanceof RequestError)) throw error;
      throw new ProblemError("invalid-request", error.problems);
    }
  },
});

/** Of the routes that answer with an atlas. */
const ATLAS_INPUT = { ...NO_INPUT, path: z.strictObject({ name: atlasNameSchema }) };
const ATLAS_ANSWER = { schema: atlasDocumentSchema, schemaName: "Atlas" };

export const getAtlas = defineRoute({
  method: "GET",
  template: "/atlases/{name}",
  operationId: "getAtlas",
  summary: "How far the jobs of an atlas are",
  ...ATLAS_INPUT,
  success: { status: 200, description: "the atlas", ...ATLAS_ANSWER },
  problems: ["not-found"],
  handle: async ({ path: { name }, basePath }, deps) =>
    answerAtlas(await requireAtlas(name, deps), basePath, deps),
});

export const deleteAtlas = defineRoute({
  method: "DELETE",
  template: "/atlases/{name}",
  operationId: "cancelAtlas",
  summary: "Stops the jobs of an atlas that have not ended, those too that have not begun yet",
  ...ATLAS_INPUT,
  success: { status: 202, description: "its jobs have been told to stop", ...ATLAS_ANSWER },
  problems: ["not-found"],
  handle: async ({ path: { name }, basePath }, deps) => {
    const atlas = await requireAtlas(name, deps);
    await cancelAtlas(atlas, deps);
    return answerAtlas(atlas, basePath, deps);
  },
});

/** @throws ProblemError if there is no such atlas */
async function requireAtlas(name: string, { store }: ApiDeps): Promise<Atlas> {
  const atlas = await findAtlas(store, name);
  if (atlas === null) throw new ProblemError("not-found", [`there is no atlas '${name}'`]);
  return atlas;
}

async function answerAtlas(atlas: Atlas, basePath: string, deps: ApiDeps) {
  const fields = describeAtlas(atlas, basePath);
  const layers = await mapConcurrently(fields.layers, async (layer) => ({
    ...layer,
    job: await summaryOf(layer.jobId, basePath, deps),
  }));
  return { body: { ...fields, layers } };
}

function describeAtlas({ name, network, createdAt, layers }: Atlas, basePath: string) {
  return {
    name,
    network,
    createdAt,
    total: layers.reduce((sum, { total }) => sum + total, 0),
    layers: layers.map((layer) => ({
      ...layer,
      links: { self: jobLink(basePath, layer.jobId) },
    })),
    links: { self: atlasLink(basePath, name) },
  };
}

async function summaryOf(jobId: string, basePath: string, deps: ApiDeps) {
  const status = await readJobStatus(deps.jobs.open(jobId));
  return status && summariseJob(status, basePath, deps);
}
