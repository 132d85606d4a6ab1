import type { FileDescription } from "../../image/png.ts";
import type { JobPlan } from "../job/plan.ts";
import { shortestRequest, withRange } from "../request/shortest-request.ts";

/** JPEG holds 64 KiB of it, with all that is around the text. */
const LONGEST_TEXT = 60_000;

/**
 * What the file of a sheet says of itself: the code that drew it, and as text the request for its
 * images. Beyond some thousands of channels or labels it is the request without them.
 */
export function sheetDescription(plan: JobPlan): FileDescription {
  const request = withRange(shortestRequest(plan));
  const { channels: _, targets: __, montage: ___, ...rest } = request;
  const [whole, shorter] = [asciiJson(request), asciiJson(rest)];
  return { software: plan.codeVersion, text: whole.length <= LONGEST_TEXT ? whole : shorter };
}

/** The text of Exif has no other letters. */
function asciiJson(value: unknown): string {
  const escaped = (unit: string) =>
    String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value).replaceAll(/[^ -~]/g, escaped);
}
