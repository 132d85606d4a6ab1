import { RequestError } from "./request.ts";
import type { ResolvedRequest } from "./resolved-request.ts";
import { PROCESS_BYTES } from "./work-bytes.ts";

/** The estimate of `work-bytes.ts` may be half as much again as an image takes, and not twice. */
const SURE_SHARE = 0.5;

type Drawn = Pick<ResolvedRequest, "bytes" | "request">;

/**
 * Refuses what surely takes more memory than there is where it would be drawn on a CPU.
 *
 * @param memoryBytes of a worker, or of this machine
 * @throws RequestError
 */
export function requireMemory(drawn: Drawn, memoryBytes: number): void {
  const need = needOf(drawn);
  if (need === null || SURE_SHARE * need.bytes <= memoryBytes) return;
  // with "auto" a CPU draws beside a card, and would run out of memory
  const orCard =
    drawn.request.executionEnvironment === "auto"
      ? ', or a GPU alone, with "executionEnvironment": "gpu"'
      : "";
  throw new RequestError([
    `request: ${need.words}, and there are ${show(memoryBytes)} where it would be drawn; use a smaller ${SIZES}${orCard}`,
  ]);
}

/**
 * A sentence where images that may fit one by one may not fit together; `null`: they will.
 *
 * @param atOnce images that are drawn at once
 */
export function memoryNotice(drawn: Drawn, memoryBytes: number, atOnce: number): string | null {
  const need = needOf(drawn);
  if (need === null || PROCESS_BYTES + atOnce * (need.bytes - PROCESS_BYTES) <= memoryBytes) {
    return null;
  }
  const many = atOnce === 1 ? "" : `, and ${atOnce} are drawn at once`;
  const remedy = atOnce === 1 ? "" : "fewer --threads, or ";
  return `${need.words}${many}; this machine has ${show(memoryBytes)}, which may not be enough: ${remedy}a smaller ${SIZES} takes less`;
}

/** What of a request takes memory: which of them does is seen where both are shown. */
const SIZES = "cropSize or canvasSize";

/** What an image takes, in words too; `null` where no CPU draws it or there is no estimate. */
function needOf({ bytes, request }: Drawn) {
  const { method, executionEnvironment } = request;
  if (bytes === null || method !== "fourier" || executionEnvironment === "gpu") return null;
  const sizes = `crops of ${request.cropSize.join(" x ")} on a canvas of ${request.canvasSize.join(" x ")}`;
  return { bytes, words: `an image with ${sizes} takes about ${show(bytes)} of memory` };
}

const show = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
