import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

import { onTestFinished, vi } from "vitest";

const KEY_ID = "AKIDEXAMPLE";
export const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const sha256 = (data: string | Buffer) => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, data: string) =>
  createHmac("sha256", key).update(data).digest();

/** Has the test's environment hold a user's credentials, of `SECRET`. */
export function stubCredentials(): void {
  vi.stubEnv("AWS_ACCESS_KEY_ID", KEY_ID);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", SECRET);
  vi.stubEnv("AWS_SESSION_TOKEN", undefined);
  onTestFinished(() => void vi.unstubAllEnvs());
}

/** Signature Version 4 worked out anew, by its own description; the signature that is right. */
function rightSignature(
  { method = "", url = "", headers }: IncomingMessage,
  body: Buffer,
  { secret, scope, signedHeaders }: Record<"secret" | "scope" | "signedHeaders", string>,
): string {
  const [path = "", query = ""] = url.split("?");
  const canonical = [
    method,
    path,
    query.split("&").toSorted().join("&"),
    ...signedHeaders.split(";").map((name) => `${name}:${String(headers[name]).trim()}`),
    "",
    signedHeaders,
    sha256(body),
  ].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, sha256(canonical)].join("\n");
  const [day = "", region = "", service = "", end = ""] = scope.split("/");
  const key = [region, service, end].reduce(hmac, hmac(`AWS4${secret}`, day));
  return createHmac("sha256", key).update(toSign).digest("hex");
}

/**
 * A server that takes requests for execute-api that are signed with the secret, and no others.
 *
 * @param forward where they go on to; left out: they are answered with what came
 */
export async function serverThatChecks(secret: string, forward: string | null = null) {
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const body = await buffer(incoming);
    const [, id, scope = "", signedHeaders = "", signature] =
      /Credential=([^/]+)\/([^,]+), SignedHeaders=([^,]+), Signature=(\w+)/.exec(
        incoming.headers.authorization ?? "",
      ) ?? [];
    const isRight =
      id === KEY_ID &&
      signature === rightSignature(incoming, body, { secret, scope, signedHeaders });
    if (isRight && forward !== null) {
      const { method = "GET", url = "", headers } = incoming;
      const sent = method === "GET" ? {} : { body };
      const type = { "content-type": headers["content-type"] ?? "" };
      const path = url.replace(/^\/prod/, "");
      const init = { method, headers: type, redirect: "manual", ...sent } as const;
      const answered = await fetch(forward + path, init);
      outgoing.writeHead(answered.status, [...answered.headers].flat());
      outgoing.end(await answered.text());
      return;
    }
    outgoing.writeHead(isRight ? 200 : 403, { "Content-Type": "application/json" });
    outgoing.end(JSON.stringify({ scope, url: incoming.url, body: body.toString("utf8") }));
  };
  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing));
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/prod`);
}
