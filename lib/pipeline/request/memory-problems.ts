import type { CompleteFourierRequest } from "./complete-request.ts";
import { RequestError } from "./request.ts";
import type { ResolvedRequest } from "./resolved-request.ts";
import { PROCESS_BYTES } from "./work-bytes.ts";

/** The estimate of `work-bytes.ts` may be half as much again as an image takes, and not twice. */
const SURE_SHARE = 0.5;

type Drawn = Pick<ResolvedRequest, "bytes" | "request">;

/**
 * What of a request surely takes more memory than there is where it would be drawn on a CPU; none
 * if it may fit.
 *
 * @param memoryBytes of a worker, or of this machine
 */
export function memoryProblems({ bytes, request }: Drawn, memoryBytes: number): string[] {
  if (bytes === null || request.method !== "fourier" || request.executionEnvironment === "gpu")
    return [];
  if (SURE_SHARE * bytes <= memoryBytes) return [];
  // with "auto" a CPU draws beside a card, and would run out of memory
  const orCard =
    request.executionEnvironment === "auto"
      ? ', or a GPU alone, with "executionEnvironment": "gpu"'
      : "";
  return [
    `request: an image ${sizesOf(request)} takes about ${show(bytes)} of memory, and there are ${show(memoryBytes)} where it would be drawn; use a smaller ${SIZES}${orCard}`,
  ];
}

/** @throws RequestError for what `memoryProblems` finds */
export function requireMemory(drawn: Drawn, memoryBytes: number): void {
  const problems = memoryProblems(drawn, memoryBytes);
  if (problems.length > 0) throw new RequestError(problems);
}

/**
 * A sentence where images that may fit one by one may not fit together; `null`: they will.
 *
 * @param atOnce images that are drawn at once
 */
export function memoryNotice(
  { bytes, request }: Drawn,
  memoryBytes: number,
  atOnce: number,
): string | null {
  if (bytes === null || request.method !== "fourier" || request.executionEnvironment === "gpu")
    return null;
  if (PROCESS_BYTES + atOnce * (bytes - PROCESS_BYTES) <= memoryBytes) return null;
  const many = atOnce === 1 ? "" : `, and ${atOnce} are drawn at once`;
  const remedy = atOnce === 1 ? "" : "fewer --threads, or ";
  return `an image ${sizesOf(request)} takes about ${show(bytes)} of memory${many}; this machine has ${show(memoryBytes)}, which may not be enough: ${remedy}a smaller ${SIZES} takes less`;
}

/** What of a request takes memory: which of them does is seen where both are shown. */
const SIZES = "cropSize or canvasSize";

function sizesOf({ cropSize, canvasSize }: CompleteFourierRequest): string {
  return `with crops of ${cropSize.join(" x ")} on a canvas of ${canvasSize.join(" x ")}`;
}

const show = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
