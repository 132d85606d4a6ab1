import * as z from "zod";

import type { ObjectStore } from "../../storage/object-store.ts";
import { DamagedObjectError, encodeJson, findJson, JSON_TYPE, PNG_TYPE } from "../json.ts";
import { EXPLANATION_ID, explanationKeys } from "../keys.ts";
import { type Figures, figuresSchema } from "./figures-schema.ts";
import { type PosedQuestion, posedQuestionSchema } from "./posed-question.ts";

const common = {
  version: z.literal(1),
  id: z.string().regex(EXPLANATION_ID),
  finishedAt: z.iso.datetime(),
};

const resultSchema = z.discriminatedUnion("state", [
  z.strictObject({ ...common, state: z.literal("done"), explanation: figuresSchema }),
  z.strictObject({ ...common, state: z.literal("failed"), problems: z.array(z.string()).min(1) }),
]);

const askedSchema = z.strictObject({ version: z.literal(1), askedAt: z.iso.datetime() });
const givenUpSchema = askedSchema.extend({ reason: z.string() });

/** How a question ends for good. */
export type Ending =
  | { readonly state: "done"; readonly explanation: Figures }
  | { readonly state: "failed"; readonly problems: readonly string[] };

/** How a question stands. */
export type Standing =
  | Ending
  /** `askedAt`: when its message was sent; `null`: it has not been. */
  | { readonly state: "pending"; readonly askedAt: string | null }
  /** Nobody answered the message; it may be sent anew. */
  | { readonly state: "given up"; readonly reason: string };

/**
 * The objects under `explanations/<id>/`, which this class alone reads and writes. The README's
 * table says who writes each, and how often.
 */
export class Explanations {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  findQuestion(id: string): Promise<PosedQuestion | null> {
    return findJson(this.#store, explanationKeys(id).question, posedQuestionSchema);
  }

  async pose(question: PosedQuestion): Promise<void> {
    await this.#putOnce(explanationKeys(question.id).question, question);
  }

  /** Its message has been sent. */
  async markAsked(id: string, askedAt: string): Promise<void> {
    await this.#put(explanationKeys(id).asked, { version: 1, askedAt });
  }

  /** Nobody answers the message that was sent then, for a reason that may pass. */
  async giveUp(id: string, askedAt: string, reason: string): Promise<void> {
    await this.#put(explanationKeys(id).givenUp, { version: 1, askedAt, reason });
  }

  /** A picture that its explanation has beside it. */
  async keepPixels(id: string, png: Uint8Array): Promise<void> {
    await this.#store.put(explanationKeys(id).pixels, png, PNG_TYPE);
  }

  async hasEnded(id: string): Promise<boolean> {
    const ending = await this.#findEnding(id);
    return ending !== null && ending !== "damaged";
  }

  /** Of any number of callers the first one's ending stands, unless it is damaged. */
  async end(id: string, ending: Ending, now: Date): Promise<void> {
    const result = { version: 1, id, finishedAt: now.toISOString(), ...ending };
    const { result: key } = explanationKeys(id);
    if ((await this.#putOnce(key, result)) === "created") return;
    if ((await this.#findEnding(id)) === "damaged") await this.#put(key, result);
  }

  /** How a question stands that has been posed. */
  async standing(id: string): Promise<Standing> {
    const keys = explanationKeys(id);
    const ending = await this.#findEnding(id);
    if (ending !== null && ending !== "damaged") return ending;
    const [asked, givenUp, written] = await Promise.all([
      findJson(this.#store, keys.asked, askedSchema),
      findJson(this.#store, keys.givenUp, givenUpSchema),
      ending === null ? null : this.#store.head(keys.result),
    ]);
    if (asked === null) return { state: "pending", askedAt: null };
    if (written !== null && written.modifiedAt.getTime() > Date.parse(asked.askedAt)) {
      return { state: "given up", reason: "its result cannot be read any more; ask again" };
    }
    // who gives up an earlier message says nothing of the last
    if (givenUp?.askedAt === asked.askedAt) return { state: "given up", reason: givenUp.reason };
    return { state: "pending", askedAt: asked.askedAt };
  }

  /** `damaged`: it is not as it was written, or as another version of the code wrote it. */
  async #findEnding(id: string): Promise<Ending | "damaged" | null> {
    try {
      const result = await findJson(this.#store, explanationKeys(id).result, resultSchema);
      if (result?.state !== "done") return result && { state: "failed", problems: result.problems };
      return { state: "done", explanation: result.explanation };
    } catch (error) {
      if (error instanceof DamagedObjectError) return "damaged";
      throw error;
    }
  }

  async #put(key: string, value: unknown): Promise<void> {
    await this.#store.put(key, encodeJson(value), JSON_TYPE);
  }

  #putOnce(key: string, value: unknown): Promise<"created" | "exists"> {
    return this.#store.putIfAbsent(key, encodeJson(value), JSON_TYPE);
  }
}
