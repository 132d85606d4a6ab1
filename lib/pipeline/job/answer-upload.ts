import { isDeepStrictEqual } from "node:util";

import * as z from "zod";

import { sha256 } from "../../networks/checksum.ts";
import { encodeJson, findJson, JSON_TYPE, nothingIfDamaged } from "../json.ts";
import { responseKeyOf } from "../keys.ts";
import { MAX_KEY_BYTES, MAX_REQUEST_BYTES } from "../limits.ts";
import { RequestError } from "../request/request.ts";
import {
  type Acceptance,
  type AcceptDeps,
  acceptRequest,
  IdempotencyConflictError,
} from "./accept-request.ts";
import { estimateOf } from "./estimate.ts";

/** Which upload a response is about: the same bytes at the same time are the same one. */
const uploadSchema = z.object({ sha256: z.string(), uploadedAt: z.iso.datetime() });
type Upload = z.infer<typeof uploadSchema>;
const answeredSchema = z.object({ status: z.literal("accepted"), request: uploadSchema });

/**
 * Answers a request that was put into the drop zone: `requests/NAME.json` with
 * `responses/NAME.json`. S3 and SQS may tell of an upload again, even once its job has ended: that
 * is no new request.
 *
 * @returns `null` if `key` is no request, or the object is gone; else what the response says, or
 *   would, where its key would be longer than S3 takes
 */
export async function answerUpload(key: string, deps: AcceptDeps): Promise<Acceptance | null> {
  const responseKey = responseKeyOf(key);
  if (responseKey === null) return null;
  const excessBytes = Buffer.byteLength(responseKey) - MAX_KEY_BYTES;
  // nothing can be answered there: whoever called has to tell
  if (excessBytes > 0) return rejected(keyTooLong(Buffer.byteLength(key), excessBytes));
  const facts = await deps.store.head(key);
  if (facts === null) return null;
  const isTooLarge = facts.sizeBytes > MAX_REQUEST_BYTES;
  const bytes = isTooLarge ? new Uint8Array() : await deps.store.find(key);
  if (bytes === null) return null;
  const upload = { sha256: sha256(bytes), uploadedAt: facts.modifiedAt.toISOString() };
  const acceptance = isTooLarge
    ? rejected(
        `request: given ${facts.sizeBytes} bytes; wanted at most ${MAX_REQUEST_BYTES}; split it`,
      )
    : await acceptUpload(bytes, deps, await isAnswered(upload, responseKey, deps)).catch(rejection);
  const { status } = acceptance;
  const response =
    status === "accepted"
      ? { status, jobId: acceptance.jobId, estimate: estimateOf(acceptance.plan), request: upload }
      : acceptance;
  await deps.store.put(responseKey, encodeJson(response), JSON_TYPE);
  return acceptance;
}

async function isAnswered(upload: Upload, responseKey: string, deps: AcceptDeps): Promise<boolean> {
  const answered = await findJson(deps.store, responseKey, answeredSchema).catch(nothingIfDamaged);
  return isDeepStrictEqual(answered?.request, upload);
}

async function acceptUpload(
  bytes: Uint8Array,
  deps: AcceptDeps,
  isRepeat: boolean,
): Promise<Acceptance> {
  return acceptRequest(parseDocument(bytes), deps, { isRepeat });
}

function keyTooLong(bytes: number, excessBytes: number): string {
  return `the request's key: given ${bytes} bytes; wanted at most ${bytes - excessBytes}, as that of its answer is longer; give it a shorter name`;
}

const rejected = (...problems: readonly string[]): Acceptance => ({ status: "rejected", problems });

/** Without a key of its own, a request can meet another's that someone named after its hash. */
function rejection(error: unknown): Acceptance {
  if (error instanceof RequestError) return rejected(...error.problems);
  if (error instanceof IdempotencyConflictError) return rejected(error.message);
  throw error;
}

function parseDocument(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : "it is not UTF-8";
    throw new RequestError([`request: not a JSON document (${reason}); correct it`]);
  }
}
