import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";

import { EXAMPLES, openApiDocument } from "../../../functions/api/openapi.ts";
import { ROUTES } from "../../../functions/api/routes.ts";
import { checkAnswer } from "../../support/check-answer.ts";
import { memoryPipeline } from "../../support/memory-pipeline.ts";
import { apiClient } from "./api-client.ts";

test("the document is valid OpenAPI 3.1", async () => {
  const validator = new Validator();
  const result = await validator.validate({ ...openApiDocument(ROUTES) });
  expect(result.errors).toBeUndefined();
  expect(result.valid).toBe(true);
  expect(validator.version).toBe("3.1");
});

test("every body has an example that its own schema takes", () => {
  const bodies = ROUTES.filter(({ body }) => body.schemaName !== null);
  expect(bodies.length).toBeGreaterThan(1);
  for (const { body } of bodies) {
    expect(body.schema.safeParse(EXAMPLES[body.schemaName!]).error).toBeUndefined();
  }
});

test("the document tells what an operation takes, and each way in which it can fail", () => {
  const { paths } = openApiDocument(ROUTES) as { readonly paths: Record<string, object> };
  const type = { schema: { type: "string" } };
  expect(paths["/jobs"]).toMatchObject({
    post: {
      parameters: [
        { name: "dryRun", in: "query", required: false, schema: { type: "boolean" } },
        { name: "Idempotency-Key", in: "header", required: false },
      ],
      requestBody: { required: true },
      responses: { 202: { headers: { Location: { description: "address of the job", ...type } } } },
    },
  });
  const job = "/jobs/{jobId}";
  expect(paths[job]).toMatchObject({
    get: {
      parameters: [
        { name: "jobId", in: "path", required: true },
        { name: "offset", in: "query", required: false },
        { name: "limit", in: "query", required: false },
      ],
    },
  });
  const responses = (path: string, method: string) =>
    (paths[path] as Record<string, { responses: Record<string, { description: string }> }>)[method]!
      .responses;
  // only what has a body can have a wrong one
  const common = ["400", "500", "503", "507"];
  expect(Object.keys(responses(job, "get"))).toEqual(["200", "404", ...common].toSorted());
  const wrongBody = ["413", "415", "422"];
  expect(Object.keys(responses("/jobs", "post"))).toEqual(
    ["202", ...wrongBody, ...common].toSorted(),
  );
  expect(Object.keys(responses("/openapi.json", "get"))).toEqual(["200", "400", "500"]);
  const said = responses(job, "get")["500"]!.description;
  expect(said).toBe(
    "something went wrong on our side (`urn:dreamgrid:problem:internal`); or an object of the service is damaged (`urn:dreamgrid:problem:damaged-object`)",
  );
});

test("the document tells what API Gateway answers before any operation does", () => {
  expect(openApiDocument(ROUTES)["info"]).toMatchObject({
    description: expect.stringMatching(/API Gateway .* 403 .* 429 /),
  });
});

test("the validator finds a fault", async () => {
  const { info: _, ...rest } = openApiDocument(ROUTES);
  expect((await new Validator().validate(rest)).valid).toBe(false);
});

test("the document is served as it is", async () => {
  const call = apiClient(await memoryPipeline());
  const { status, body } = await call("GET", "/openapi.json");
  expect(status).toBe(200);
  expect(body).toEqual(JSON.parse(JSON.stringify(openApiDocument(ROUTES))));
});

test("what needs nothing that is stored is served while there is no store", async () => {
  const pipeline = await memoryPipeline();
  const gone = () => {
    throw Object.assign(new Error("the data folder is gone"), { name: "DataFolderMissing" });
  };
  Object.assign(pipeline.store, { get: gone, find: gone, head: gone, list: gone, listNames: gone });
  const call = apiClient(pipeline);
  for (const { method, template, isOfCodeAlone = false, path } of ROUTES) {
    if (method !== "GET") continue;
    const names = Object.keys(path.shape);
    const valueOf = (name: string) => "1".repeat(name === "explanationId" ? 32 : 1);
    const address = names.reduce((at, name) => at.replace(`{${name}}`, valueOf(name)), template);
    expect([template, (await call("GET", address)).status]).toEqual([
      template,
      isOfCodeAlone ? 200 : 503,
    ]);
  }
});

test("a request's schema is served at an address of its own", async () => {
  const call = apiClient(await memoryPipeline());
  const { status, body } = await call("GET", "/request.schema.json");
  expect(status).toBe(200);
  expect(body).toMatchObject({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    oneOf: [{ required: ["network", "layer"] }, { required: ["network", "layer", "method"] }],
  });
});

test("checkAnswer finds an answer that the document does not have", () => {
  const problem = { type: "t", title: "t", status: 404, detail: "d", problems: ["p"] };
  const answer = {
    method: "GET",
    path: "/jobs/a",
    status: 404,
    contentType: "application/problem+json",
    body: problem,
  };
  checkAnswer(answer);
  expect(() => checkAnswer({ ...answer, body: { ...problem, extra: 1 } })).toThrow(/additional/);
  expect(() => checkAnswer({ ...answer, body: { ...problem, problems: [] } })).toThrow(/fewer/);
  expect(() => checkAnswer({ ...answer, status: 410 })).toThrow(/not in the document/);
  expect(() => checkAnswer({ ...answer, contentType: "application/json" })).toThrow(/to include/);
});
