import type { ObjectStore } from "../../storage/object-store.ts";
import { encodeJson, JSON_TYPE } from "../json.ts";
import { responseKeyOf } from "../keys.ts";
import { MAX_REQUEST_BYTES } from "../limits.ts";
import {
  type Acceptance,
  type AcceptDeps,
  acceptRequest,
  IdempotencyConflictError,
} from "./accept-request.ts";

/**
 * Answers a request that was put into the drop zone: `requests/NAME.json` with
 * `responses/NAME.json`.
 *
 * @returns `null` if `key` is no request, or the object is gone; else what the response says
 */
export async function answerUpload(key: string, deps: AcceptDeps): Promise<Acceptance | null> {
  const responseKey = responseKeyOf(key);
  if (responseKey === null) return null;
  const document = await readDocument(deps.store, key);
  if (document === null) return null;
  const acceptance =
    document.kind === "json"
      ? await acceptUpload(document.json, deps)
      : ({ status: "rejected", problems: [document.problem] } as const);
  const { status } = acceptance;
  const response =
    status === "accepted"
      ? { status, jobId: acceptance.jobId }
      : { status, problems: acceptance.problems };
  await deps.store.put(responseKey, encodeJson(response), JSON_TYPE);
  return acceptance;
}

/** Without an idempotency key too: another request's may be this one's hash. */
async function acceptUpload(json: unknown, deps: AcceptDeps): Promise<Acceptance> {
  try {
    return await acceptRequest(json, deps);
  } catch (error) {
    if (!(error instanceof IdempotencyConflictError)) throw error;
    return { status: "rejected", problems: [error.message] };
  }
}

type Document =
  | { readonly kind: "json"; readonly json: unknown }
  | { readonly kind: "unreadable"; readonly problem: string };

async function readDocument(store: ObjectStore, key: string): Promise<Document | null> {
  const facts = await store.head(key);
  if (facts === null) return null;
  if (facts.sizeBytes > MAX_REQUEST_BYTES) {
    const problem = `request: given ${facts.sizeBytes} bytes; wanted at most ${MAX_REQUEST_BYTES}; split it`;
    return { kind: "unreadable", problem };
  }
  const bytes = await store.find(key);
  return bytes === null ? null : parseDocument(bytes);
}

/** A request document as bytes; what is wrong with it as a problem, not an error. */
export function parseDocument(bytes: Uint8Array): Document {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { kind: "json", json: JSON.parse(text) };
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : "it is not UTF-8";
    return { kind: "unreadable", problem: `request: not a JSON document (${reason}); correct it` };
  }
}
