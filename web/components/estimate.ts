import type { AcceptedAtlas } from "../api/documents.ts";
import { twoDigits } from "./counted.ts";
import { duration } from "./progress-bar.tsx";

/** "about 12 min of one core, in the cloud $0.012" */
export function estimateInWords({ coreSeconds, dollars }: AcceptedAtlas["estimate"]): string {
  return `about ${duration(coreSeconds)} of one core, in the cloud $${twoDigits(dollars)}`;
}
