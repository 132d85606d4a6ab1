import { twoDigits } from "./counted.ts";
import { duration } from "./progress-bar.tsx";

/** What work takes, as the API estimates it. */
export interface Estimate {
  readonly coreSeconds: number;
  readonly dollars: number;
}

/** "about 12 min of one core, in the cloud $0.012" */
export function estimateInWords({ coreSeconds, dollars }: Estimate): string {
  return `about ${duration(coreSeconds)} of one core, in the cloud $${twoDigits(dollars)}`;
}
