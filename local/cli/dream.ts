import { Command, Option } from "commander";

import { ANIMATION_FORMATS, SHEET_FORMATS } from "../../lib/image/formats.ts";
import { addDrawingOptions, path } from "./options.ts";
import type { DreamFlags } from "./run-dream.ts";
import type { Terminal } from "./terminal.ts";

/** `dreamgrid dream`: requests to sheets, through the whole pipeline in this process. */
export function dreamCommand(terminal: Terminal): Command {
  const dream = new Command("dream")
    .description(
      "render the sheets that requests ask for, through the whole pipeline on this machine",
    )
    .argument(
      "[what...]",
      "request files, - for standard input, or with --layer a network (default: the emojinet examples)",
    )
    .option("--layer <layer>", "draw this layer, by name or 1-based index; needs no request file")
    .option(
      "--channels <channels...>",
      "1 2 5 or 1,2,5, 1:36, all, or class names (default: up to 36)",
    )
    .option("--out <folder>", "where the sheets go", path, "dreams")
    .addOption(
      new Option(
        "--format <format>",
        "of the sheets; the images themselves are PNG (default: montage.format of each request, or png)",
      ).choices(SHEET_FORMATS),
    )
    .addOption(
      new Option("--animate [format]", "leave each image's ascent as an animation beside it too")
        .choices(ANIMATION_FORMATS)
        .preset("webp"),
    )
    .option("--embed", "put the images into the report itself, one file to send")
    .option("--open", "show the report when it is there, in the browser or what BROWSER names")
    .addHelpText(
      "after",
      `
Without a request file:

    dreamgrid dream emojinet --layer loss3-classifier --channels snail strawberry
    dreamgrid dream net.onnx --layer layer3.0.conv2 --channels 1:24 --saturation 1.5

The sheet is called NETWORK-LAYER. Method and preset follow from the layer where they are left out:
classes are drawn with natural, convolutions with channels, first convolutions with deepdream,
unless the network's description has recipes of its own, or an option is one method's alone.
Pairs are written with a comma, --grid-size 4,6. --targets are written as in a request, in JSON,
and so are --labels, '["one", "two"]', unless they are numbers.

From another program: a request goes in, and events come out.

    echo '{"network": "emojinet", "layer": 97, "channels": "1:9"}' | dreamgrid dream - --json

Before hours of work: what would be drawn, and about how long that takes.

    dreamgrid dream emojinet --layer inception_4e-1x1 --channels all --dry-run

For NAME.json it writes NAME.png, the sheet; NAME.manifest.json, what is where on it, with each
image's activation trace; NAME.tiles/, each image (.npy too with --output-scaling none, .webp or
.gif with --animate); and index.html, a report of all sheets in the folder, which opens from the
disk. The sheet of a request from standard input is called request.
The same request again is the same job: what has been rendered is not rendered again.`,
    )
    .action(async (files: readonly string[], flags: DreamFlags) => {
      const { runDream } = await import("./run-dream.ts");
      await runDream(files, flags, terminal);
    });
  return addDrawingOptions(dream);
}

/** Adds an option for each field of a request; the schemas are loaded for this command alone. */
export async function addRequestOptions(dream: Command): Promise<void> {
  const { requestOptions } = await import("./request-options.ts");
  for (const option of requestOptions()) dream.addOption(option);
}
