import {
  CHECKPOINT_PREFIX,
  EXPLANATION_PREFIX,
  JOB_PREFIX,
  MODEL_PREFIX,
} from "../../lib/pipeline/keys.ts";
import { type Access, INITIAL_IMAGES } from "../access.ts";

/** What a CPU worker may touch. */
export const ACCESS: Access = {
  read: [MODEL_PREFIX, CHECKPOINT_PREFIX, EXPLANATION_PREFIX, ...INITIAL_IMAGES],
  write: [JOB_PREFIX, CHECKPOINT_PREFIX, EXPLANATION_PREFIX],
  delete: [CHECKPOINT_PREFIX],
  // it sends on what it had no time for
  sendsTo: ["source"],
};
