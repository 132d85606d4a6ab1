import {
  ATLAS_PREFIX,
  JOB_PREFIX,
  MODEL_PREFIX,
  REQUEST_PREFIX,
  RESPONSE_PREFIX,
} from "../../lib/pipeline/keys.ts";
import { type Access, INITIAL_IMAGES } from "../access.ts";

/** What the intake may touch. */
export const ACCESS: Access = {
  // its own answers tell which uploads have one, and atlases which of their jobs are to stop
  read: [REQUEST_PREFIX, RESPONSE_PREFIX, ATLAS_PREFIX, MODEL_PREFIX, ...INITIAL_IMAGES],
  // it publishes the networks that come with the code
  write: [RESPONSE_PREFIX, JOB_PREFIX, MODEL_PREFIX],
  sendsTo: ["channels", "assembly"],
};
