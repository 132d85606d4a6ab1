import * as z from "zod";

import { askQuestion } from "../../lib/pipeline/explain/ask.ts";
import { explanationRequestSchema } from "../../lib/pipeline/explain/explanation-request.ts";
import { Explanations, type Standing } from "../../lib/pipeline/explain/explanations.ts";
import type { PosedQuestion } from "../../lib/pipeline/explain/posed-question.ts";
import { explanationKeys } from "../../lib/pipeline/keys.ts";
import { RequestError } from "../../lib/pipeline/request/request.ts";
import { NO_INPUT } from "./check-input.ts";
import { explanationIdSchema, explanationSchema } from "./explanation-schemas.ts";
import { explanationLink } from "./links.ts";
import { redirect, redirectTo } from "./picture-routes.ts";
import { ProblemError } from "./problem.ts";
import { type ApiDeps, defineRoute } from "./route.ts";

const ANSWER = { schema: explanationSchema, schemaName: "Explanation" };
const ID_INPUT = { ...NO_INPUT, path: z.strictObject({ explanationId: explanationIdSchema }) };

export const createExplanation = defineRoute({
  method: "POST",
  template: "/explanations",
  operationId: "createExplanation",
  summary:
    "Asks why a network sees a class in an image; the same question again is the same explanation",
  ...NO_INPUT,
  body: { schema: explanationRequestSchema, schemaName: "ExplanationRequest" },
  success: {
    status: 202,
    description: "a worker answers it, in seconds unless others wait before it",
    ...ANSWER,
    headers: { Location: "address of the explanation" },
  },
  problems: [],
  handle: async ({ body, basePath }, deps) => {
    const question = await askQuestion(body, deps).catch((error: unknown) => {
      if (!(error instanceof RequestError)) throw error;
      throw new ProblemError("invalid-request", error.problems);
    });
    const document = await describeExplanation(question, basePath, deps);
    return { body: document, headers: { Location: document.links.self } };
  },
});

export const getExplanation = defineRoute({
  method: "GET",
  template: "/explanations/{explanationId}",
  operationId: "getExplanation",
  summary:
    "Why a network sees a class in an image: which channels of a layer speak for it, and where",
  ...ID_INPUT,
  success: { status: 200, description: "the explanation, once it is done", ...ANSWER },
  problems: ["not-found"],
  handle: async ({ path: { explanationId }, basePath }, deps) => {
    const question = await existing(explanationId, deps);
    return { body: await describeExplanation(question, basePath, deps) };
  },
});

export const getExplanationImage = defineRoute({
  method: "GET",
  template: "/explanations/{explanationId}/image",
  operationId: "getExplanationImage",
  summary: "The image that an explanation is about, at an address that stays",
  ...ID_INPUT,
  success: redirect("the image"),
  problems: ["not-found"],
  handle: async ({ path: { explanationId } }, deps) => {
    const { image } = await existing(explanationId, deps);
    return redirectTo(image.key, deps);
  },
});

export const getExplanationPixels = defineRoute({
  method: "GET",
  template: "/explanations/{explanationId}/pixels",
  operationId: "getExplanationPixels",
  summary:
    "Which pixels speak for the class, in red, and against it, in blue, at an address that stays",
  ...ID_INPUT,
  success: redirect("the map, a PNG of the size that the network sees"),
  problems: ["not-found"],
  handle: async ({ path: { explanationId } }, deps) => {
    const question = await existing(explanationId, deps);
    const { links } = await describeExplanation(question, "", deps);
    if (links.pixels !== null) return redirectTo(explanationKeys(explanationId).pixels, deps);
    throw new ProblemError("not-found", [
      question.pixels === null
        ? `explanation '${explanationId}' has no pixels; ask with "pixels": true`
        : `explanation '${explanationId}' is not done`,
    ]);
  },
});

/** @throws ProblemError if nobody has asked it */
async function existing(id: string, { store }: ApiDeps): Promise<PosedQuestion> {
  const question = await new Explanations(store).findQuestion(id);
  if (question !== null) return question;
  throw new ProblemError("not-found", [`there is no explanation '${id}'`]);
}

async function describeExplanation(
  { id, network, image, class: word, layer, pixels }: PosedQuestion,
  basePath: string,
  { store }: ApiDeps,
): Promise<z.input<typeof explanationSchema>> {
  const self = explanationLink(basePath, id);
  const stands = stateOf(await new Explanations(store).standing(id));
  return {
    id,
    ...stands,
    network: network.id,
    image: image.key,
    class: word,
    layer,
    pixels,
    links: {
      self,
      image: `${self}/image`,
      pixels: pixels !== null && stands.state === "done" ? `${self}/pixels` : null,
    },
  };
}

/** What people see of how a question stands. */
function stateOf(
  standing: Standing,
): Pick<z.input<typeof explanationSchema>, "state" | "problems" | "retryable" | "explanation"> {
  const unfinished = { problems: [], retryable: false, explanation: null };
  if (standing.state === "done") return { ...unfinished, ...standing };
  if (standing.state === "pending") return { ...unfinished, state: "pending" };
  if (standing.state === "given up") {
    return { ...unfinished, state: "failed", problems: [standing.reason], retryable: true };
  }
  return { ...unfinished, state: "failed", problems: [...standing.problems] };
}
