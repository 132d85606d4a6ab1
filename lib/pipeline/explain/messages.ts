import * as z from "zod";

import type { OutgoingMessage } from "../../queue/message-queue.ts";
import { parseJson } from "../json.ts";
import { EXPLANATION_ID } from "../keys.ts";

const explanationJobSchema = z.strictObject({
  type: z.literal("explanation"),
  id: z.string().regex(EXPLANATION_ID),
  /** Tells this message from one that was sent before, and given up. */
  askedAt: z.iso.datetime(),
});

/** A question that a CPU worker is to answer, in the queue that brings it channels too. */
export type ExplanationJob = Omit<z.infer<typeof explanationJobSchema>, "type">;

/** A group of its own: a question does not wait for all channels of a large job (fair queues). */
export function explanationMessage({ id, askedAt }: ExplanationJob): OutgoingMessage {
  const body = { type: "explanation", id, askedAt } satisfies z.infer<typeof explanationJobSchema>;
  return { body: JSON.stringify(body), groupId: id };
}

/** `null` if the body is something else, such as a channel's. */
export function parseExplanationJob(body: string): ExplanationJob | null {
  try {
    return parseJson(body, explanationJobSchema);
  } catch {
    return null;
  }
}
