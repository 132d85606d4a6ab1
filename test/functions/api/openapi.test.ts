import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";

import { EXAMPLES, openApiDocument } from "../../../functions/api/openapi.ts";
import { ROUTES } from "../../../functions/api/routes.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
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

test("the validator finds a fault", async () => {
  const { info: _, ...rest } = openApiDocument(ROUTES);
  expect((await new Validator().validate(rest)).valid).toBe(false);
});

test("the document is served as it is", async () => {
  const call = apiClient(await memoryPipeline(await temporaryFolder()));
  const { status, body } = await call("GET", "/openapi.json");
  expect(status).toBe(200);
  expect(body).toEqual(JSON.parse(JSON.stringify(openApiDocument(ROUTES))));
});

test("a request's schema is served at an address of its own", async () => {
  const call = apiClient(await memoryPipeline(await temporaryFolder()));
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
