import { CHECKPOINT_PREFIX, JOB_PREFIX, MODEL_PREFIX } from "../../lib/pipeline/keys.ts";
import { type Access, INITIAL_IMAGES } from "../access.ts";

/** What a GPU worker may touch. */
export const ACCESS: Access = {
  read: [MODEL_PREFIX, CHECKPOINT_PREFIX, ...INITIAL_IMAGES],
  write: [JOB_PREFIX, CHECKPOINT_PREFIX],
  delete: [CHECKPOINT_PREFIX],
  // it sends on what takes longer than a group may
  sendsTo: ["source"],
};
