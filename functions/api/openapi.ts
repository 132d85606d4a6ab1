import * as z from "zod";

import packageJson from "../../package.json" with { type: "json" };
import { JOB_ID } from "../../lib/pipeline/keys.ts";
import type { ParameterSchema } from "./check-input.ts";
import { PROBLEM_CONTENT_TYPE, type ProblemKind, PROBLEMS, problemType } from "./problem.ts";
import type { Route } from "./route.ts";
import { problemSchema } from "./schemas.ts";

/** Answers in the cloud that are of no operation. */
const BY_API_GATEWAY =
  'In the cloud API Gateway answers some requests by itself, as {"message": "..."}: with 403 those without a valid signature or key, with 429 those above the stack\'s throttle.';

type Json = Readonly<Record<string, unknown>>;

/** What can go wrong with any request that has found its operation. */
const COMMON_PROBLEMS: readonly ProblemKind[] = ["invalid-request", "internal"];
/** With one whose answer is in the store. */
const STORAGE_PROBLEMS: readonly ProblemKind[] = [
  "damaged-object",
  "storage-missing",
  "storage-full",
];
const BODY_PROBLEMS: readonly ProblemKind[] = ["body-too-large", "unsupported-media-type"];

/** The OpenAPI 3.1 document of the routes, made of the very schemas that check requests. */
export function openApiDocument(routes: readonly Route[]): Json {
  return {
    openapi: "3.1.0",
    info: {
      title: "dreamgrid",
      version: packageJson.version,
      description: `${packageJson.description}. ${BY_API_GATEWAY}`,
      license: { name: "MIT", identifier: "MIT" },
    },
    // relative to this document's own address, so it holds behind any stage or host
    servers: [{ url: "." }],
    paths: paths(routes),
    components: { schemas: components(routes), securitySchemes: SECURITY_SCHEMES },
    // one of them in the cloud, as the stack was deployed; none on one's own machine
    security: [{ sigv4: [] }, { apiKey: [] }, {}],
  };
}

const SECURITY_SCHEMES: Json = {
  sigv4: {
    type: "apiKey",
    in: "header",
    name: "Authorization",
    description: "AWS Signature Version 4 for the service execute-api",
    "x-amazon-apigateway-authtype": "awsSigv4",
  },
  apiKey: {
    type: "apiKey",
    in: "header",
    name: "x-api-key",
    description: "a key of the usage plan, where the stack was deployed with auth=api-key",
  },
};

/** Bodies to begin with, by their schemas' names; a test holds each against its schema. */
export const EXAMPLES: Readonly<Record<string, Json>> = {
  RenderRequest: { network: "emojinet", layer: "conv1-7x7_s2", channels: "1:36", pyramidLevels: 1 },
  AtlasRequest: { network: "emojinet", channels: "1:16", dryRun: true },
  ExplanationRequest: { network: "emojinet", image: "uploads/6f1a-snail.png", class: "snail" },
  UploadRequest: { kind: "image", contentType: "image/png", sizeBytes: 48_213 },
};

function paths(routes: readonly Route[]): Json {
  const items: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    (items[route.template] ??= {})[route.method.toLowerCase()] = operation(route);
  }
  return items;
}

function operation(route: Route): Json {
  const { operationId, summary, path, query, body, success } = route;
  return {
    operationId,
    summary,
    parameters: [
      ...parameters(path, "path"),
      ...parameters(query, "query"),
      ...(route.takesIdempotencyKey ? [IDEMPOTENCY_KEY] : []),
    ],
    ...(body.schemaName !== null && {
      requestBody: { required: true, content: json(body.schemaName, EXAMPLES[body.schemaName]) },
    }),
    responses: {
      [success.status]: {
        description: success.description,
        ...(success.headers && { headers: headers(success.headers) }),
        content: json(success.schemaName),
      },
      ...problemResponses(problemsOf(route)),
    },
  };
}

const IDEMPOTENCY_KEY: Json = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description: "becomes the job's id; without it the id follows from the request",
  schema: { type: "string", pattern: JOB_ID.source },
};

function parameters(schema: ParameterSchema, location: "path" | "query"): Json[] {
  const { properties = {}, required = [] } = jsonSchema(schema, "input");
  return Object.entries(properties).map(([name, parameter]) => ({
    name,
    in: location,
    required: required.includes(name),
    schema: parameter,
  }));
}

function headers(descriptions: Readonly<Record<string, string>>): Json {
  return Object.fromEntries(
    Object.entries(descriptions).map(([name, description]) => [
      name,
      { description, schema: { type: "string" } },
    ]),
  );
}

/** Every kind of problem that a route may answer with. */
export function problemsOf(route: Route): readonly ProblemKind[] {
  const bodyProblems = route.body.schemaName === null ? [] : BODY_PROBLEMS;
  const storageProblems = route.isOfCodeAlone === true ? [] : STORAGE_PROBLEMS;
  return [...COMMON_PROBLEMS, ...storageProblems, ...bodyProblems, ...route.problems];
}

function problemResponses(kinds: readonly ProblemKind[]): Json {
  const statuses = [...new Set(kinds.map((kind) => PROBLEMS[kind].status))];
  const describe = (kind: ProblemKind) => `${PROBLEMS[kind].title} (\`${problemType(kind)}\`)`;
  return Object.fromEntries(
    statuses.map((status) => {
      const alike = kinds.filter((kind) => PROBLEMS[kind].status === status);
      const description = alike.map(describe).join("; or ");
      const content = { [PROBLEM_CONTENT_TYPE]: { schema: reference("Problem") } };
      return [status, { description, content }];
    }),
  );
}

function components(routes: readonly Route[]): Json {
  const schemas: Record<string, Json> = { Problem: jsonSchema(problemSchema, "output") };
  for (const { body, success } of routes) {
    if (body.schemaName !== null) schemas[body.schemaName] = jsonSchema(body.schema, "input");
    schemas[success.schemaName] = jsonSchema(success.schema, "output");
  }
  return schemas;
}

const json = (schemaName: string, example?: Json): Json => ({
  "application/json": { schema: reference(schemaName), ...(example && { example }) },
});

const reference = (schemaName: string): Json => ({ $ref: `#/components/schemas/${schemaName}` });

/** 3.1 schemas are JSON Schema 2020-12; the dialect is said once, by the OpenAPI version. */
function jsonSchema(schema: z.ZodType, io: "input" | "output") {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}
