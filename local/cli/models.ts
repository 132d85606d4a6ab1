import { Command, InvalidArgumentError } from "commander";

import { constantOption, inputOptions } from "./input-options.ts";
import { path } from "./options.ts";
import type { AddFlags, ModelsContext } from "./run-models.ts";
import type { PublishFlags } from "./run-models-publish.ts";

/** `dreamgrid models`: list, path, fetch, publish and add. */
export function modelsCommand(context: ModelsContext): Command {
  const models = new Command("models").description("the networks that can be named by an id");

  models
    .command("list")
    .description("every network found, and where its model is")
    .action(async () => {
      const { listModels } = await import("./run-models.ts");
      await listModels(context);
    });

  models
    .command("path")
    .description("the path of a network's model file, fetched if need be")
    .argument("<id>", "a network")
    .action(async (id: string) => {
      const { printModelPath } = await import("./run-models.ts");
      await printModelPath(id, context);
    });

  models
    .command("fetch")
    .description("fetch a network's model now, to work without a connection later")
    .argument("<id>", "a network")
    .action(async (id: string) => {
      const { fetchModel } = await import("./run-models.ts");
      await fetchModel(id, context);
    });

  models
    .command("publish")
    .description("put networks into the job bucket of a deployed pipeline")
    .argument("<ids...>", "networks, fetched if need be")
    .requiredOption("--bucket <name>", "the job bucket: output BucketName of the stack")
    .addHelpText("after", "\nCredentials and region are those of the AWS command line.")
    .action(async (ids: readonly string[], flags: PublishFlags) => {
      const { publishModels } = await import("./run-models-publish.ts");
      await publishModels(ids, flags, context);
    });

  const add = models
    .command("add")
    .description("give an .onnx file an id and say how its input is scaled")
    .argument("<model>", "path of an .onnx file")
    .requiredOption("--id <id>", "what to call the network")
    .option("--labels <file>", "class names, one a line", path)
    .option("--size <pixels>", "side of the images, where the model leaves it open", parsePixels)
    .option("--licence <name>", "licence of the model file", "unknown")
    .option("--folder <folder>", "folder of networks to add it to (default: the cache)", path)
    .action(async (modelPath: string, flags: AddFlags) => {
      const { addModel } = await import("./run-models.ts");
      await addModel(modelPath, flags, context);
    });
  for (const option of [...inputOptions(), constantOption()]) add.addOption(option);
  return models;
}

function parsePixels(text: string): number {
  const pixels = Number(text);
  if (Number.isSafeInteger(pixels) && pixels > 0) return pixels;
  throw new InvalidArgumentError("want a whole number of pixels");
}
