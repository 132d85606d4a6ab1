import { z } from "zod";

import { NO_INPUT } from "./check-input.ts";
import { createJob, deleteJob, getJob, listJobs } from "./job-routes.ts";
import { listClasses, listLayers, listNetworks } from "./network-routes.ts";
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
  problems: [],
  handle: async () => ({ body: { ...openApiDocument(ROUTES) } }),
});

/** Every operation of the API. */
export const ROUTES: readonly Route[] = [
  createJob,
  listJobs,
  getJob,
  deleteJob,
  listNetworks,
  listLayers,
  listClasses,
  createUpload,
  describeApi,
];
