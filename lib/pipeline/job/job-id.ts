import { sha256 } from "../../networks/checksum.ts";
import { canonicalJson } from "../json.ts";
import { JOB_ID, JOB_ID_FORM } from "../keys.ts";
import { RequestError } from "../request/request.ts";
import type { ResolvedRequest } from "../request/resolved-request.ts";

/** 128 bits: two requests will not meet. */
const ID_LENGTH = 32;

/**
 * What makes two requests the same job: every field in normal form, and the bytes that the names in
 * it stand for (network and initial image). Hex SHA-256.
 */
export function requestHash(resolved: ResolvedRequest): string {
  const { request, network, initialImage, targetFiles } = resolved;
  // the request has in full what a recipe would have said
  const { recipes: _, ...description } = network;
  // `manifest`: the name that the ids of earlier jobs were made with
  const identity = {
    request,
    manifest: description,
    initialImage: initialImage?.sha256 ?? null,
    ...(targetFiles.length > 0 && { targetFiles: targetFiles.map((file) => file.sha256) }),
  };
  return sha256(canonicalJson(identity));
}

/** What the ids look like that are made of a request's hash; and of such a key. */
const HASH_ID = /^(key-)*[0-9a-f]{32}$/;

/**
 * The client's idempotency key, or the start of the request's hash. A key that looks like the
 * latter is set apart by a prefix: no key can take the place of another client's request, and no
 * two keys are one job.
 *
 * @throws RequestError if the key cannot be part of an object key
 */
export function chooseJobId(hash: string, idempotencyKey: string | null): string {
  if (idempotencyKey === null) return hash.slice(0, ID_LENGTH);
  const id = HASH_ID.test(idempotencyKey) ? `key-${idempotencyKey}` : idempotencyKey;
  if (JOB_ID.test(id)) return id;
  throw new RequestError([
    `idempotency key: given ${JSON.stringify(idempotencyKey.slice(0, 80))}; wanted ${JOB_ID_FORM}`,
  ]);
}
