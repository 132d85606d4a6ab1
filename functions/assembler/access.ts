import { JOB_PREFIX } from "../../lib/pipeline/keys.ts";
import type { Access } from "../access.ts";

/** What the assembler may touch. */
export const ACCESS: Access = {
  read: [JOB_PREFIX],
  write: [JOB_PREFIX],
  // it completes an interrupted intake, and asks to be called again
  sendsTo: ["channels", "assembly"],
};
