import type { APIGatewayProxyResult } from "aws-lambda";

import { type ApiEvent, decodeEvent } from "./api-request.ts";
import { findRoute } from "./find-route.ts";
import { ProblemError, problemReply } from "./problem.ts";
import type { ApiDeps } from "./route.ts";
import { ROUTES } from "./routes.ts";

/**
 * The HTTP API as a Lambda function behind a REST API: finds the route, lets it check and answer,
 * and turns whatever is thrown into a problem document. Every answer is JSON.
 */
export function createHandler(deps: ApiDeps) {
  return async (event: ApiEvent): Promise<APIGatewayProxyResult> => {
    try {
      const { httpMethod: method, path } = event;
      const { route, path: values } = findRoute(ROUTES, { method, path });
      const { body, headers = {} } = await route.answer(decodeEvent(event, values), deps);
      return {
        statusCode: route.success.status,
        headers: { "Content-Type": "application/json", ...headers },
        body: JSON.stringify(body),
      };
    } catch (error) {
      if (error instanceof ProblemError) return problemReply(error);
      deps.log.error("request failed", { method: event.httpMethod, path: event.path, error });
      const problem = "the request could not be carried out; try again later";
      return problemReply(new ProblemError("internal", [problem]));
    }
  };
}
