import { Command } from "commander";

import { addInputOptions } from "./input-options.ts";
import { path, wholeNumber } from "./options.ts";
import type { AddFlags } from "./run-models.ts";
import type { RemoveFlags } from "./run-models-remove.ts";
import type { PublishFlags } from "./run-models-publish.ts";
import type { Terminal } from "./terminal.ts";

/** `dreamgrid models`: list, show, check, path, fetch, publish, add and remove. */
export function modelsCommand(terminal: Terminal): Command {
  const models = new Command("models").description("the networks that can be named by an id");

  models
    .command("list")
    .description("every network found, and where its model is")
    .action(async () => {
      const { listModels } = await import("./run-models.ts");
      await listModels(terminal);
    });

  models
    .command("show")
    .description("all that is known of a network: its description, its files, its image")
    .argument("<id>", "a network, or the path of an .onnx file")
    .action(async (id: string) => {
      const { showModel } = await import("./run-models-show.ts");
      await showModel(id, terminal);
    });

  models
    .command("check")
    .description("read a network's model, and tell of each layer whether it can be rendered")
    .argument("<id>", "a network, fetched if need be, or the path of an .onnx file")
    .action(async (id: string) => {
      const { checkModel } = await import("./run-models-show.ts");
      await checkModel(id, terminal);
    });

  models
    .command("remove")
    .description("take a network that was added, or the fetched copy of a model, from the disk")
    .argument("<id>", "a network")
    .option("--folder <folder>", "folder of networks that it is in (default: the cache)", path)
    .action(async (id: string, flags: RemoveFlags) => {
      const { removeModel } = await import("./run-models-remove.ts");
      await removeModel(id, flags, terminal);
    });

  models
    .command("path")
    .description("the path of a network's model file, fetched if need be")
    .argument("<id>", "a network")
    .action(async (id: string) => {
      const { printModelPath } = await import("./run-models.ts");
      await printModelPath(id, terminal);
    });

  models
    .command("fetch")
    .description("fetch a network's model now, to work without a connection later")
    .argument("<id>", "a network")
    .action(async (id: string) => {
      const { fetchModel } = await import("./run-models.ts");
      await fetchModel(id, terminal);
    });

  models
    .command("publish")
    .description("put networks into the job bucket of a deployed pipeline")
    .argument("<ids...>", "networks, fetched if need be")
    .requiredOption("--bucket <name>", "the job bucket: output BucketName of the stack")
    .addHelpText("after", "\nCredentials and region are those of the AWS command line.")
    .action(async (ids: readonly string[], flags: PublishFlags) => {
      const { publishModels } = await import("./run-models-publish.ts");
      await publishModels(ids, flags, terminal);
    });

  const add = models
    .command("add")
    .description("give an .onnx file an id and say how its input is scaled")
    .argument("<model>", "path of an .onnx file")
    .requiredOption("--id <id>", "what to call the network")
    .option("--labels <file>", "class names, one a line", path)
    .option("--size <pixels>", "side of the images, where the model leaves it open", wholeNumber(1))
    .option("--licence <name>", "licence of the model file", "unknown")
    .option("--folder <folder>", "folder of networks to add it to (default: the cache)", path)
    .action(async (modelPath: string, flags: AddFlags) => {
      const { addModel } = await import("./run-models.ts");
      await addModel(modelPath, flags, terminal);
    });
  addInputOptions(add);
  return models;
}
