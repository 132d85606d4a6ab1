import { Command } from "commander";

import { CONCEPTS_OF_LAYER } from "../../lib/pipeline/limits.ts";
import {
  addDrawingOptions,
  layerOption,
  networkArgument,
  path,
  seedOption,
  wholeNumber,
} from "./options.ts";
import type { ConceptsFlags } from "./run-concepts.ts";
import type { Terminal } from "./terminal.ts";

const MOST_COUNT = 100;

/** `dreamgrid concepts`: what a layer tells apart in photographs. */
export function conceptsCommand(terminal: Terminal): Command {
  const concepts = new Command("concepts")
    .description("the concepts that a layer tells apart in photographs, each drawn")
    .addArgument(networkArgument())
    .addOption(layerOption())
    .requiredOption("--photos <path>", "a folder of PNG, JPEG or WebP files, or one of them", path)
    .option("--count <count>", "so many concepts", wholeNumber(1, MOST_COUNT), CONCEPTS_OF_LAYER)
    .option("--class <class>", "name or 1-based index: how much each concept speaks for it")
    .addOption(seedOption())
    .option("--out <folder>", "where the results go", path, "dreams")
    .option("--open", "show the concepts at the end, in what BROWSER names or the browser")
    .addHelpText(
      "after",
      `
    dreamgrid concepts googlenet --layer inception_4d-output --photos photo.jpg
    dreamgrid concepts googlenet --layer inception_5b-output --photos ~/Pictures/zebras --class zebra

What the layer makes of the places of the photographs is factored: at each place a sum of a few
concepts, each a direction of the layer. Of one photograph they are groups of its neurons. Each is
drawn, and stands above the photographs that have most of it, lit where they have it. With --class
those that speak most for the class come first, else those that most of the activations are made of.

It writes NETWORK-LAYER-PHOTOS.concepts.png, .npy, the directions, .json, the request that draws
them, and what dream writes; dream NAME.json draws them again, with other fields if you like. What
was said of a file's pixels and inputs is to be said again then, for no request has it.`,
    )
    .action(async (network: string, flags: ConceptsFlags) => {
      const { runConcepts } = await import("./run-concepts.ts");
      await runConcepts(network, flags, terminal);
    });
  return addDrawingOptions(concepts);
}
