import type { APIGatewayProxyResult } from "aws-lambda";

import { DamagedObjectError } from "../../lib/pipeline/json.ts";
import { type ApiEvent, decodeEvent, ownPath } from "./api-request.ts";
import { findRoute } from "./find-route.ts";
import { ProblemError, type ProblemKind, problemReply } from "./problem.ts";
import type { ApiDeps } from "./route.ts";

/**
 * The HTTP API as a Lambda function behind a REST API: finds the route, lets it check and answer,
 * and turns whatever is thrown into a problem document. Every answer is JSON.
 */
export function createHandler(deps: ApiDeps) {
  return async (event: ApiEvent): Promise<APIGatewayProxyResult> => {
    try {
      const { route, path } = findRoute(event.httpMethod, ownPath(event));
      const { body, headers = {} } = await route.answer(decodeEvent(event, path), deps);
      return {
        statusCode: route.success.status,
        headers: { "Content-Type": "application/json", ...headers },
        body: JSON.stringify(body),
      };
    } catch (error) {
      if (error instanceof ProblemError) return problemReply(error);
      const stored = storageProblem(error);
      if (stored !== null) return problemReply(stored);
      deps.log.error("request failed", { method: event.httpMethod, path: event.path, error });
      const problem = "the request could not be carried out; try again later";
      return problemReply(new ProblemError("internal", [problem]));
    }
  };
}

/** Those of the embedded S3 and SQS, by the names that their clients give them. */
const STORAGE_ERRORS: Readonly<Record<string, ProblemKind>> = {
  InsufficientStorage: "storage-full",
  DataFolderMissing: "storage-missing",
};

/** What a person can mend of the storage, said as it is; `null` for other errors. */
function storageProblem(error: unknown): ProblemError | null {
  if (error instanceof DamagedObjectError) {
    return new ProblemError("damaged-object", [error.message]);
  }
  if (!(error instanceof Error)) return null;
  const kind = STORAGE_ERRORS[error.name];
  return kind === undefined ? null : new ProblemError(kind, [error.message]);
}
