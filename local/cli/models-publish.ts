import { Command } from "commander";

import type { ModelsContext } from "./run-models.ts";
import type { PublishFlags } from "./run-models-publish.ts";

/** `dreamgrid models publish`: puts networks where a deployed pipeline finds them. */
export function publishCommand(context: ModelsContext): Command {
  return new Command("publish")
    .description("put networks into the job bucket of a deployed pipeline")
    .argument("<ids...>", "networks, fetched if need be")
    .requiredOption("--bucket <name>", "the job bucket: output BucketName of the stack")
    .addHelpText("after", "\nCredentials and region are those of the AWS command line.")
    .action(async (ids: readonly string[], flags: PublishFlags) => {
      const { publishModels } = await import("./run-models-publish.ts");
      await publishModels(ids, flags, context);
    });
}
