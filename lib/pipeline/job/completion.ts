import { z } from "zod";

import type { ObjectStore } from "../../storage/object-store.ts";
import { encodeJson, JSON_TYPE, readJson } from "../json.ts";
import { completeKey } from "../keys.ts";

const completionSchema = z.strictObject({
  version: z.literal(1),
  jobId: z.string(),
  state: z.enum(["completed", "completed_with_failures", "cancelled"]),
  total: z.int(),
  ok: z.int(),
  failed: z.int(),
  cancelled: z.int(),
  meanActivation: z.number().nullable(),
  montage: z.string(),
  manifest: z.string(),
  completedAt: z.iso.datetime(),
});

/** The end of a job, and the body of its completion marker. */
export type Completion = z.infer<typeof completionSchema>;

/** "created" for the one writer who ended the job. */
export function writeCompletion(
  store: ObjectStore,
  completion: Completion,
): Promise<"created" | "exists"> {
  return store.putIfAbsent(completeKey(completion.jobId), encodeJson(completion), JSON_TYPE);
}

/** @throws ObjectNotFoundError if the job has not ended */
export function readCompletion(store: ObjectStore, jobId: string): Promise<Completion> {
  return readJson(store, completeKey(jobId), completionSchema);
}
