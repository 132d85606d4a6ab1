import { MAX_REQUEST_BYTES } from "../../lib/pipeline/limits.ts";
import { nestingProblem } from "../../lib/pipeline/request/nesting-problem.ts";
import type { ApiRequest } from "./api-request.ts";
import { ProblemError } from "./problem.ts";

/** A request's body as JSON. @throws ProblemError if it is not, not declared so, or too large */
export function readJsonBody({ header, body }: Pick<ApiRequest, "header" | "body">): unknown {
  const [contentType = ""] = header("content-type");
  if (!/^application\/json\s*(?:;|$)/i.test(contentType)) {
    throw new ProblemError("unsupported-media-type", [
      `Content-Type: given '${contentType.slice(0, 80)}'; wanted application/json`,
    ]);
  }
  if (body.byteLength > MAX_REQUEST_BYTES) {
    throw new ProblemError("body-too-large", [
      `body: more than ${MAX_REQUEST_BYTES} bytes; send less`,
    ]);
  }
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    throw new ProblemError("invalid-request", [`body: not JSON in UTF-8: ${error.message}`]);
  }
  const nesting = nestingProblem(json);
  if (nesting === null) return json;
  throw new ProblemError("invalid-request", [`body: ${nesting}`]);
}
