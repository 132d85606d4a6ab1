import * as z from "zod";

import { requestJsonSchema } from "../../lib/pipeline/request/request.ts";
import { createAtlas, deleteAtlas, getAtlas } from "./atlas-routes.ts";
import { NO_INPUT } from "./check-input.ts";
import {
  createExplanation,
  getExplanation,
  getExplanationImage,
  getExplanationPixels,
} from "./explanation-routes.ts";
import { createJob, deleteJob, getJob, listJobs, retryJobRoute } from "./job-routes.ts";
import {
  getAnimation,
  getChannel,
  getDeepZoomPiece,
  getSheet,
  getSvg,
  getTile,
} from "./picture-routes.ts";
import {
  deleteNetwork,
  getCircuit,
  getLayer,
  listClasses,
  listLayers,
  listNetworks,
} from "./network-routes.ts";
import { openApiDocument } from "./openapi.ts";
import { defineRoute, type Route } from "./route.ts";
import { createUpload } from "./upload-routes.ts";

const describeApi = defineRoute({
  method: "GET",
  template: "/openapi.json",
  operationId: "describeApi",
  summary: "This document",
  ...NO_INPUT,
  success: {
    status: 200,
    description: "an OpenAPI 3.1 document",
    schema: z.record(z.string(), z.unknown()),
    schemaName: "OpenApi",
  },
  isOfCodeAlone: true,
  problems: [],
  handle: async () => ({ body: { ...openApiDocument(ROUTES) } }),
});

const describeRequest = defineRoute({
  method: "GET",
  template: "/request.schema.json",
  operationId: "describeRequest",
  summary: "The JSON Schema of a request, which a request may name as its $schema",
  ...NO_INPUT,
  success: {
    status: 200,
    description: "a JSON Schema of 2020-12",
    schema: z.record(z.string(), z.unknown()),
    schemaName: "JsonSchema",
  },
  isOfCodeAlone: true,
  problems: [],
  handle: async () => ({ body: { ...requestJsonSchema("cloud") } }),
});

/** Every operation of the API. */
export const ROUTES: readonly Route[] = [
  createJob,
  listJobs,
  getJob,
  deleteJob,
  retryJobRoute,
  getChannel,
  getTile,
  getAnimation,
  getSvg,
  getSheet,
  getDeepZoomPiece,
  createAtlas,
  getAtlas,
  deleteAtlas,
  createExplanation,
  getExplanation,
  getExplanationImage,
  getExplanationPixels,
  listNetworks,
  deleteNetwork,
  listLayers,
  getLayer,
  getCircuit,
  listClasses,
  createUpload,
  describeApi,
  describeRequest,
];
