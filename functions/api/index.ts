import { randomUUID } from "node:crypto";

import { Logger } from "@aws-lambda-powertools/logger";

import {
  acceptDepsFromEnv,
  bucketFromEnv,
  bundledFoldersFromEnv,
  publishBundledFromEnv,
} from "../aws-deps.ts";
import { createHandler } from "./handler.ts";

const store = bucketFromEnv();
await publishBundledFromEnv(store);

/** Composition root of the HTTP API. */
export const handler = createHandler({
  ...acceptDepsFromEnv(store),
  links: store,
  networkFolders: bundledFoldersFromEnv(),
  newId: randomUUID,
  log: new Logger({ serviceName: "api" }),
});
