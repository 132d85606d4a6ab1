import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { expect } from "vitest";
import * as z from "zod";

import { openApiDocument } from "../../functions/api/openapi.ts";
import { ROUTES } from "../../functions/api/routes.ts";

const DOCUMENT_ID = "https://dreamgrid.invalid/openapi.json";

/**
 * The part of the document that is looked up here; an OpenAPI 3.1 document is a JSON Schema bundle.
 */
const documentSchema = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        responses: z.record(
          z.string(),
          z.object({ content: z.record(z.string(), z.object({ schema: z.unknown() })) }),
        ),
      }),
    ),
  ),
});

const document = openApiDocument(ROUTES);
const { paths } = documentSchema.parse(document);
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema({ ...document, $id: DOCUMENT_ID });

export interface Answer {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly contentType: string;
  readonly body: unknown;
}

/**
 * Asserts that the OpenAPI document describes this answer to this request: path, method, status,
 * media type and every field. Of paths and methods that the document does not have, only the
 * problem schema is checked.
 */
export function checkAnswer({ method, path, status, contentType, body }: Answer): void {
  const template = Object.keys(paths).find((candidate) => matches(candidate, path)) ?? "";
  const operation = paths[template]?.[method.toLowerCase()];
  if (operation === undefined) {
    const isKnownPath = template !== "";
    expect({ status, contentType }).toEqual({
      status: isKnownPath ? 405 : 404,
      contentType: "application/problem+json",
    });
    checkSchema("#/components/schemas/Problem", body);
    return;
  }
  const answer = operation.responses[String(status)];
  if (answer === undefined) {
    throw new Error(`${method} ${template}: answer ${status} is not in the document`);
  }
  expect(Object.keys(answer.content)).toContain(contentType);
  const place = ["paths", template, method.toLowerCase(), "responses", String(status), "content"];
  checkSchema(`#/${[...place, contentType, "schema"].map(escaped).join("/")}`, body);
}

function checkSchema(pointer: string, body: unknown): void {
  const validate = compiled(pointer);
  if (validate(body)) return;
  throw new Error(`${pointer}: ${ajv.errorsText(validate.errors)}: ${JSON.stringify(body)}`);
}

function compiled(pointer: string): ValidateFunction {
  const id = `${DOCUMENT_ID}${pointer}`;
  const validate = ajv.getSchema(id);
  if (validate === undefined) throw new Error(`the document has nothing at ${pointer}`);
  return validate;
}

/** JSON Pointer (RFC 6901) in a URL fragment. */
function escaped(part: string): string {
  return encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));
}

function matches(template: string, path: string): boolean {
  const pattern = template.replaceAll(/\{\w+\}/g, "[^/]+").replaceAll(".", "\\.");
  return new RegExp(`^${pattern}$`).test(path);
}
