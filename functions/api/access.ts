import { JOB_PREFIX, MODEL_PREFIX, UPLOAD_PREFIX } from "../../lib/pipeline/keys.ts";
import { type Access, INITIAL_IMAGES } from "../access.ts";

/** What the API may touch. */
export const ACCESS: Access = {
  read: [MODEL_PREFIX, ...INITIAL_IMAGES],
  // it publishes the networks that come with the code, and signs the links by which callers upload
  // images and networks
  write: [JOB_PREFIX, UPLOAD_PREFIX, MODEL_PREFIX],
  // files of networks that were never published
  delete: [MODEL_PREFIX],
  sendsTo: ["channels", "assembly"],
};
