import { EXPLANATION_PREFIX, JOB_PREFIX } from "../../lib/pipeline/keys.ts";
import type { Access } from "../access.ts";

/** What the dead-letter consumer may touch. */
export const ACCESS: Access = {
  read: [JOB_PREFIX, EXPLANATION_PREFIX],
  write: [JOB_PREFIX, EXPLANATION_PREFIX],
  sendsTo: [],
};
