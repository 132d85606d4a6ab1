import {
  ATLAS_PREFIX,
  EXPLANATION_PREFIX,
  JOB_PREFIX,
  MODEL_PREFIX,
  REQUEST_PREFIX,
  UPLOAD_PREFIX,
} from "../../lib/pipeline/keys.ts";
import { type Access, INITIAL_IMAGES } from "../access.ts";

/** What the API may touch. */
export const ACCESS: Access = {
  read: [MODEL_PREFIX, ATLAS_PREFIX, EXPLANATION_PREFIX, ...INITIAL_IMAGES],
  // it publishes the networks that come with the code, signs the links by which callers upload
  // images and networks, and puts the requests of an atlas into the drop zone
  write: [
    JOB_PREFIX,
    UPLOAD_PREFIX,
    MODEL_PREFIX,
    ATLAS_PREFIX,
    REQUEST_PREFIX,
    EXPLANATION_PREFIX,
  ],
  // networks, and files of those that were never published
  delete: [MODEL_PREFIX],
  sendsTo: ["channels", "assembly"],
};
