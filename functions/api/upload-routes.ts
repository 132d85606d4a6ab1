import type * as z from "zod";

import { DESCRIPTION_FILE } from "../../lib/networks/description.ts";
import { BINARY_TYPE, JSON_TYPE, TEXT_TYPE } from "../../lib/pipeline/json.ts";
import { modelKey, readableName, uploadKey } from "../../lib/pipeline/keys.ts";
import { isPublished } from "../../lib/pipeline/networks/published-description.ts";
import { roomProblem } from "../../lib/pipeline/networks/upload-room.ts";
import { MAX_MODEL_TEXT_BYTES } from "../../lib/pipeline/limits.ts";
import { type AnnouncedUpload, LINK_SECONDS } from "../../lib/storage/object-store.ts";
import { NO_INPUT } from "./check-input.ts";
import { ProblemError } from "./problem.ts";
import { type ApiDeps, defineRoute } from "./route.ts";
import { uploadRequestSchema, uploadSchema } from "./schemas.ts";

type UploadRequest = z.output<typeof uploadRequestSchema>;
type ImageUpload = Extract<UploadRequest, { kind: "image" }>;
type ModelUpload = Extract<UploadRequest, { kind: "model" }>;

const EXTENSIONS: Readonly<Record<ImageUpload["contentType"], string>> = {
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/webp": "webp",
};

export const createUpload = defineRoute({
  method: "POST",
  template: "/uploads",
  operationId: "createUpload",
  summary: "A link to send an image, or a file of a new network, straight to the bucket",
  ...NO_INPUT,
  body: { schema: uploadRequestSchema, schemaName: "UploadRequest" },
  success: {
    status: 201,
    description: "send the bytes with PUT; an object that is there is never overwritten",
    schema: uploadSchema,
    schemaName: "Upload",
  },
  problems: ["conflict", "bucket-full"],
  handle: async ({ body }, deps) => {
    const problem = await roomProblem(body, deps);
    if (problem !== null) throw new ProblemError("bucket-full", [problem]);
    const { key, ...upload } =
      body.kind === "image" ? imageUpload(body, deps) : await modelUpload(body, deps);
    const { url, headers } = await deps.links.linkToPut(key, upload);
    const expiresAt = new Date(deps.now().getTime() + LINK_SECONDS * 1000).toISOString();
    return { body: { key, method: "PUT" as const, url, headers: { ...headers }, expiresAt } };
  },
});

interface KeyedUpload extends AnnouncedUpload {
  readonly key: string;
}

function imageUpload(
  { contentType, sizeBytes, name = "" }: ImageUpload,
  { newId }: ApiDeps,
): KeyedUpload {
  const readable = readableName(name);
  // as labels know it: 32 digits, then the name
  const stem = readable === "" ? newId() : `${newId().replaceAll("-", "")}-${readable}`;
  return { key: uploadKey(`${stem}.${EXTENSIONS[contentType]}`), contentType, sizeBytes };
}

/** @throws ProblemError if the network is published: jobs rely on its files */
async function modelUpload(
  { network, file, sizeBytes }: ModelUpload,
  { store }: ApiDeps,
): Promise<KeyedUpload> {
  const contentType = modelType(file);
  if (contentType !== BINARY_TYPE && sizeBytes > MAX_MODEL_TEXT_BYTES) {
    throw new ProblemError("invalid-request", [
      `sizeBytes: given ${sizeBytes}; wanted at most ${MAX_MODEL_TEXT_BYTES} for '${file}'`,
    ]);
  }
  if (await isPublished(store, network)) {
    throw new ProblemError("conflict", [
      `network: there is a network '${network}' already; choose another id`,
    ]);
  }
  const key = modelKey(network, file);
  if ((await store.head(key)) !== null) {
    throw new ProblemError("conflict", [
      `file: '${key}' has been uploaded already; choose another name, and list it in ${DESCRIPTION_FILE}`,
    ]);
  }
  return { key, contentType, sizeBytes };
}

function modelType(file: string): string {
  if (file === DESCRIPTION_FILE) return JSON_TYPE;
  return file.endsWith(".txt") ? TEXT_TYPE : BINARY_TYPE;
}
