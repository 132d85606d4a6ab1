import { expect } from "vitest";

import { createHandler as createWorker } from "../../functions/worker/handler.ts";
import { encodePng } from "../../lib/image/png.ts";
import { EngineExplainer, type Explainer } from "../../lib/pipeline/explain/explainer.ts";
import type { Figures } from "../../lib/pipeline/explain/figures-schema.ts";
import { temporaryFolder } from "../networks/temporary-folder.ts";
import { memoryPipeline } from "../support/memory-pipeline.ts";
import { silentLog } from "../support/silent-log.ts";
import { sqsEvent } from "../support/sqs-event.ts";
import { apiClient } from "./api/api-client.ts";

/** The explainer of production, which says how often it is asked, and fails as it is told. */
class CountingExplainer implements Explainer {
  calls = 0;
  failure: Error | null = null;
  readonly #real = new EngineExplainer();

  explain(...asked: Parameters<Explainer["explain"]>): ReturnType<Explainer["explain"]> {
    this.calls++;
    return this.failure === null ? this.#real.explain(...asked) : Promise.reject(this.failure);
  }
}

export interface Answer {
  readonly id: string;
  readonly state: string;
  readonly problems: readonly string[];
  readonly explanation: Figures | null;
  readonly links: { readonly pixels: string | null };
}

export type QuestionDesk = Awaited<ReturnType<typeof questionDesk>>;

/** What the tests ask, of an image that is there. */
export const SNAIL = { network: "tiny", image: "uploads/photo.png", class: "snail" };

/** A pipeline where questions are asked through the API, and answered when a test says so. */
export async function questionDesk() {
  const folder = await temporaryFolder();
  const pipeline = await memoryPipeline({ folder });
  const call = apiClient(pipeline);
  const explainer = new CountingExplainer();
  const data = Uint8Array.from({ length: 3 * 40 * 32 }, (_, i) => (i * 37) % 256);
  const photo = await encodePng({ width: 40, height: 32, data });
  await pipeline.store.put(SNAIL.image, photo, "image/png");

  const ask = async (body: object = SNAIL): Promise<Answer> => {
    const { status, headers, body: answer } = await call("POST", "/explanations", { body });
    expect(status).toBe(202);
    expect(headers["Location"]).toBe(`/explanations/${(answer as Answer).id}`);
    return answer as Answer;
  };

  const look = async (id: string) => (await call("GET", `/explanations/${id}`)).body as Answer;

  const keptAs = async (key: string): Promise<Record<string, unknown>> =>
    JSON.parse(Buffer.from(await pipeline.store.get(key)).toString());

  const keep = (key: string, value: unknown) =>
    pipeline.store.put(key, Buffer.from(JSON.stringify(value)), "application/json");

  /** Takes the messages that were sent from the `from`th on, at that delivery of theirs. */
  const work = async (from = 0, receiveCount = 1): Promise<number> => {
    const handler = createWorker({ ...pipeline.renderDeps(), explainer, log: silentLog });
    const { Records } = sqsEvent(...pipeline.cpu.sent.slice(from).map(({ body }) => body));
    const { batchItemFailures } = await handler({
      Records: Records.map((record) => ({
        ...record,
        attributes: { ...record.attributes, ApproximateReceiveCount: String(receiveCount) },
      })),
    });
    return batchItemFailures.length;
  };
  return { folder, pipeline, call, explainer, ask, look, keptAs, keep, work };
}
