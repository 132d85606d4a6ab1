import { encodeJson, JSON_TYPE } from "../json.ts";
import { responseKeyOf } from "../keys.ts";
import { MAX_REQUEST_BYTES } from "../limits.ts";
import { RequestError } from "../request/request.ts";
import {
  type Acceptance,
  type AcceptDeps,
  acceptRequest,
  IdempotencyConflictError,
} from "./accept-request.ts";
import { estimateOf } from "./estimate.ts";

/**
 * Answers a request that was put into the drop zone: `requests/NAME.json` with
 * `responses/NAME.json`.
 *
 * @returns `null` if `key` is no request, or the object is gone; else what the response says
 */
export async function answerUpload(key: string, deps: AcceptDeps): Promise<Acceptance | null> {
  const responseKey = responseKeyOf(key);
  if (responseKey === null) return null;
  const acceptance = await acceptUpload(key, deps).catch(rejection);
  if (acceptance === null) return null;
  const { status } = acceptance;
  const response =
    status === "accepted"
      ? { status, jobId: acceptance.jobId, estimate: estimateOf(acceptance.plan) }
      : acceptance;
  await deps.store.put(responseKey, encodeJson(response), JSON_TYPE);
  return acceptance;
}

async function acceptUpload(key: string, deps: AcceptDeps): Promise<Acceptance | null> {
  const facts = await deps.store.head(key);
  if (facts === null) return null;
  if (facts.sizeBytes > MAX_REQUEST_BYTES) {
    throw new RequestError([
      `request: given ${facts.sizeBytes} bytes; wanted at most ${MAX_REQUEST_BYTES}; split it`,
    ]);
  }
  const bytes = await deps.store.find(key);
  return bytes === null ? null : acceptRequest(parseDocument(bytes), deps);
}

/** Without a key of its own, a request can meet another's that someone named after its hash. */
function rejection(error: unknown): Acceptance {
  if (error instanceof RequestError) return { status: "rejected", problems: error.problems };
  if (!(error instanceof IdempotencyConflictError)) throw error;
  return { status: "rejected", problems: [error.message] };
}

function parseDocument(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : "it is not UTF-8";
    throw new RequestError([`request: not a JSON document (${reason}); correct it`]);
  }
}
