import { JOB_PREFIX, MODEL_PREFIX } from "../../lib/pipeline/keys.ts";
import { type Access, INITIAL_IMAGES } from "../access.ts";

/** What a CPU worker may touch. */
export const ACCESS: Access = {
  read: [MODEL_PREFIX, ...INITIAL_IMAGES],
  write: [JOB_PREFIX],
  sendsTo: [],
};
