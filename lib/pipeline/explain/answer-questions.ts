import { UnsupportedGradientError } from "../../autodiff/errors.ts";
import { ImageError } from "../../image/errors.ts";
import { decodeImage, encodePng } from "../../image/png.ts";
import type { Raster } from "../../image/raster.ts";
import { sha256 } from "../../networks/checksum.ts";
import { NetworkError } from "../../networks/errors.ts";
import { messageOf, ModelError } from "../../onnx/errors.ts";
import type { PixelAttribution } from "../../optvis/quality/pixel-attribution.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { MAX_ATTEMPTS, MAX_CHANNEL_RECEIVES, MAX_PHOTOGRAPH_PIXELS } from "../limits.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import type { NetworkSource } from "../networks/bucket-networks.ts";
import { RequestError } from "../request/request.ts";
import { type Ending, Explanations } from "./explanations.ts";
import type { Explainer } from "./explainer.ts";
import { figuresOf } from "./figures.ts";
import type { ExplanationJob } from "./messages.ts";
import { drawPixelMap, pixelMap } from "./pixel-map.ts";
import type { PosedQuestion } from "./posed-question.ts";

/** A question's message as it came from the queue. */
export interface DeliveredQuestion {
  readonly messageId: string;
  readonly job: ExplanationJob;
  /** How often it has been received, this time included. */
  readonly receiveCount: number;
}

export interface AnswerDeps {
  readonly store: ObjectStore;
  readonly networks: Pick<NetworkSource, "openPinned">;
  readonly explainer: Explainer;
  readonly now: () => Date;
}

export interface AnswerHooks {
  readonly signal?: AbortSignal | undefined;
  readonly onEnd?: (id: string, state: Ending["state"] | "given up") => void;
  readonly onFailure?: (failure: {
    readonly messageId: string;
    readonly id: string;
    readonly error: unknown;
  }) => void;
}

/**
 * Answers a batch of questions, each once, however many messages are about it.
 *
 * Delivery is at least once: what has a result is not computed again, and of two workers that
 * answer at the same time the first result written stands. What is wrong with the question itself
 * is its result. What else goes wrong is tried again, and given up at the last attempt.
 *
 * @returns ids of the messages to be delivered again; the others are done with
 */
export async function answerQuestions(
  messages: readonly DeliveredQuestion[],
  deps: AnswerDeps,
  { signal, onEnd, onFailure }: AnswerHooks,
): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const { messageId, job, receiveCount } of messages) {
    try {
      signal?.throwIfAborted();
      const state = await answer(job, receiveCount, deps);
      if (state !== null) onEnd?.(job.id, state);
    } catch (error) {
      failed.push(messageId);
      onFailure?.({ messageId, id: job.id, error });
    }
  }
  return failed;
}

/** @returns how it ends; `null`: another has seen to it */
async function answer(
  { id, askedAt }: ExplanationJob,
  receiveCount: number,
  deps: AnswerDeps,
): Promise<Ending["state"] | "given up" | null> {
  const explanations = new Explanations(deps.store);
  try {
    const question = await explanations.findQuestion(id);
    // it was there before its message: who has deleted it wants no answer any more
    if (question === null || (await explanations.hasEnded(id))) return null;
    const ending = await endingOf(question, deps);
    await explanations.end(id, ending, deps.now());
    return ending.state;
  } catch (error) {
    if (!(error instanceof GoneError) && receiveCount < MAX_ATTEMPTS) throw error;
    await explanations.giveUp(id, askedAt, messageOf(error));
    return "given up";
  }
}

/**
 * Gives up a question whose message no worker lived to answer.
 *
 * @returns whether there is such a question
 */
export async function endUnanswered(
  { id, askedAt }: ExplanationJob,
  { store }: { readonly store: ObjectStore },
): Promise<boolean> {
  const explanations = new Explanations(store);
  if ((await explanations.findQuestion(id)) === null) return false;
  const reason = `no worker finished it in ${MAX_CHANNEL_RECEIVES} deliveries of its message; ask again`;
  await explanations.giveUp(id, askedAt, reason);
  return true;
}

/** @throws GoneError; whatever may pass */
async function endingOf(question: PosedQuestion, deps: AnswerDeps): Promise<Ending> {
  const network = await openNetwork(question, deps);
  const bytes = await readImage(question, deps);
  try {
    const photograph = await decoded(question, bytes);
    const { class: word, layer, pixels } = question;
    const explanation = await deps.explainer.explain(network, photograph, {
      class: word ?? undefined,
      layer: layer ?? undefined,
      pixels: pixels ?? undefined,
    });
    if (explanation.pixels !== null) await keepPixels(question.id, explanation.pixels, deps);
    return { state: "done", explanation: figuresOf(explanation) };
  } catch (error) {
    if (error instanceof RequestError) return { state: "failed", problems: error.problems };
    if (!IS_OF_QUESTION.some((kind) => error instanceof kind)) throw error;
    return { state: "failed", problems: [messageOf(error)] };
  }
}

async function keepPixels(id: string, pixels: PixelAttribution, { store }: AnswerDeps) {
  const [, height, width] = pixels.shape;
  const png = await encodePng(drawPixelMap(pixelMap(pixels), [height, width]));
  await new Explanations(store).keepPixels(id, png);
}

/** What is wrong with the question, however often it is asked. */
const IS_OF_QUESTION = [NetworkError, ModelError, ImageError, UnsupportedGradientError];

/** What the question is about is not there as it was: to be mended, and asked again. */
class GoneError extends Error {
  override readonly name = "GoneError";
}

async function openNetwork(
  { network }: PosedQuestion,
  { networks }: AnswerDeps,
): Promise<AnalysedNetwork> {
  try {
    return await networks.openPinned(network);
  } catch (error) {
    if (!(error instanceof NetworkError || error instanceof ModelError)) throw error;
    throw new GoneError(`network '${network.id}': ${error.message}`, { cause: error });
  }
}

async function readImage({ image }: PosedQuestion, { store }: AnswerDeps): Promise<Uint8Array> {
  const bytes = await store.find(image.key);
  if (bytes === null) {
    throw new GoneError(`image '${image.key}' is not in the bucket any more; upload it again`);
  }
  if (sha256(bytes) === image.sha256) return bytes;
  throw new GoneError(`image '${image.key}' has changed since it was asked about; ask again`);
}

async function decoded({ image }: PosedQuestion, bytes: Uint8Array): Promise<Raster> {
  try {
    return await decodeImage(bytes, { pixelLimit: MAX_PHOTOGRAPH_PIXELS });
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    throw new RequestError([`image: given '${image.key}'; ${error.message}`]);
  }
}
