import { ProblemError } from "../../functions/api/problem.ts";
import type { UploadLink } from "../../lib/storage/object-store.ts";
import type { ApiHandler } from "../api-adapter.ts";

/** What the API is to know of a file besides its size. */
type Announced =
  | { readonly kind: "image"; readonly contentType: string; readonly name?: string }
  | { readonly kind: "model"; readonly network: string; readonly file: string };

/**
 * Sends a file to the bucket by a link that the API gives.
 *
 * @returns its key
 * @throws ProblemError with what the API says is wrong with it
 */
export async function uploadFile(
  api: ApiHandler,
  announced: Announced,
  bytes: Uint8Array,
): Promise<string> {
  const announce = (fields: object) =>
    api({
      httpMethod: "POST",
      path: "/uploads",
      multiValueHeaders: { "content-type": ["application/json"] },
      multiValueQueryStringParameters: {},
      body: JSON.stringify({ ...announced, ...fields, sizeBytes: bytes.byteLength }),
      isBase64Encoded: false,
      requestContext: { path: "/uploads" },
    });
  const named = await announce({});
  // a deployed API may be of before images had names, and refuses what it does not know
  const isRefused = named.statusCode === 400 && announced.kind === "image";
  const { statusCode, body } = isRefused ? await announce({ name: undefined }) : named;
  if (statusCode !== 201) {
    const { problems = [`HTTP status ${statusCode}`] } = JSON.parse(body) as {
      readonly problems?: readonly string[];
    };
    throw new ProblemError(statusCode === 409 ? "conflict" : "invalid-request", problems);
  }
  const { key, url, headers } = JSON.parse(body) as UploadLink & { readonly key: string };
  const sent = await fetch(url, { method: "PUT", headers, body: Buffer.from(bytes) });
  if (sent.ok) return key;
  const name = announced.kind === "model" ? `'${announced.file}'` : "the image";
  throw new ProblemError("conflict", [`${name} was not taken: HTTP status ${sent.status}`]);
}
