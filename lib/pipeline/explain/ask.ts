import type { MessageSender } from "../../queue/message-queue.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { ASK_AGAIN_SECONDS } from "../limits.ts";
import type { NetworkSource } from "../networks/bucket-networks.ts";
import { readUpload } from "../request/initial-image.ts";
import { requestedNetwork } from "../request/requested-network.ts";
import type { ExplanationRequest } from "./explanation-request.ts";
import { Explanations, type Standing } from "./explanations.ts";
import { explanationMessage } from "./messages.ts";
import { type PosedQuestion, posedQuestion } from "./posed-question.ts";

export interface AskDeps {
  readonly store: ObjectStore;
  readonly networks: Pick<NetworkSource, "open">;
  /** Those of CPU workers; questions have one of their own where channels would hold them up. */
  readonly queues: {
    readonly cpu: MessageSender;
    readonly questions?: MessageSender | undefined;
  };
  readonly now: () => Date;
}

/**
 * Has a question answered. The same question is asked once, however often it comes; again once its
 * message came to nothing, or must have.
 *
 * Order of the writes: the question, its message, and that it was sent. A call cut short between
 * them is completed by the next; at worst the message is sent twice, and the second finds a result.
 *
 * @throws RequestError if there is no such network or image; and whatever store and queue throw
 */
export async function askQuestion(
  request: ExplanationRequest,
  deps: AskDeps,
): Promise<PosedQuestion> {
  const { store, networks, queues, now } = deps;
  const id = request.network;
  const { description } = await requestedNetwork(id, networks.open(id));
  const image = await readUpload(store, request.image, "image");
  const posed = posedQuestion(request, description, image);
  const explanations = new Explanations(store);
  await explanations.pose(posed);
  if (!isToBeSent(await explanations.standing(posed.id), now())) return posed;
  const askedAt = now().toISOString();
  await (queues.questions ?? queues.cpu).sendAll([explanationMessage({ id: posed.id, askedAt })]);
  await explanations.markAsked(posed.id, askedAt);
  return posed;
}

function isToBeSent(standing: Standing, now: Date): boolean {
  if (standing.state === "given up") return true;
  if (standing.state !== "pending") return false;
  if (standing.askedAt === null) return true;
  return now.getTime() - Date.parse(standing.askedAt) > 1_000 * ASK_AGAIN_SECONDS;
}
