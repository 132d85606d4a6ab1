import { ProblemError } from "../../functions/api/problem.ts";
import { DESCRIPTION_FILE } from "../../lib/networks/description.ts";
import type { Network } from "../../lib/networks/registry.ts";
import { encodeJson } from "../../lib/pipeline/json.ts";
import { objectsOf, readModelObject } from "../../lib/pipeline/networks/model-objects.ts";
import { publishedForm } from "../../lib/pipeline/networks/publish-network.ts";
import type { UploadLink } from "../../lib/storage/object-store.ts";
import type { ApiHandler } from "../api-adapter.ts";
import type { NetworkPublisher } from "./network-drop.ts";

/** Publishes networks through a deployed API: each file by a link that it gives. */
export function apiPublisher(api: ApiHandler): NetworkPublisher {
  return {
    // the API says so itself when the first file is announced
    isTaken: () => Promise.resolve(false),
    publish: async (network: Network) => {
      const { file, modelPath } = network;
      const { description, labels } = publishedForm(network);
      for (const { key, name } of objectsOf(description.id, file)) {
        const bytes = await readModelObject(modelPath, file, name);
        await upload(api, description.id, key.split("/").at(-1)!, bytes);
      }
      if (labels !== null && description.labels !== null) {
        await upload(api, description.id, description.labels, labels);
      }
      // goes last, and publishes it
      await upload(api, description.id, DESCRIPTION_FILE, encodeJson(description));
    },
  };
}

async function upload(
  api: ApiHandler,
  network: string,
  file: string,
  bytes: Uint8Array,
): Promise<void> {
  const { statusCode, body } = await api({
    httpMethod: "POST",
    path: "/uploads",
    multiValueHeaders: { "content-type": ["application/json"] },
    multiValueQueryStringParameters: {},
    body: JSON.stringify({ kind: "model", network, file, sizeBytes: bytes.byteLength }),
    isBase64Encoded: false,
    requestContext: { path: "/uploads" },
  });
  if (statusCode !== 201) {
    const { problems = [`HTTP status ${statusCode}`] } = JSON.parse(body) as {
      readonly problems?: readonly string[];
    };
    throw new ProblemError(statusCode === 409 ? "conflict" : "invalid-request", problems);
  }
  const { url, headers } = JSON.parse(body) as UploadLink;
  const sent = await fetch(url, { method: "PUT", headers, body: Buffer.from(bytes) });
  if (sent.ok) return;
  throw new ProblemError("conflict", [`'${file}' was not taken: HTTP status ${sent.status}`]);
}
