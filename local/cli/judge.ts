import { Command } from "commander";

import { inputOptions } from "./input-options.ts";
import { path } from "./options.ts";
import type { JudgeFlags } from "./run-judge.ts";
import type { Terminal } from "./terminal.ts";

/** `dreamgrid judge MANIFEST`: what other eyes see in a sheet's pictures. */
export function judgeCommand(terminal: Terminal): Command {
  const judge = new Command("judge")
    .description("show a sheet's pictures to another network, or compare them with photographs")
    .argument("<manifest>", "NAME.manifest.json of a sheet; its pictures in NAME.tiles beside it")
    .option("--by <network>", "a classifier: id of a network, or path of an .onnx file")
    .option("--labels <file>", "its class names, one a line, synonyms separated by commas", path)
    .option("--photos <folder>", "PNG, JPEG or WebP files to compare activations with", path)
    .option(
      "--out <file>",
      "write a PNG of each picture beside the photographs that excite its channel most",
      path,
    )
    .option("--network <network>", "the network the sheet is of (default: as its manifest says)")
    .option("--json", "print everything as JSON")
    .addHelpText(
      "after",
      `
With --by, each picture's class by its name: its place among the judge's classes and its
probability. Without --by, or with --photos, the sheet's own network: whether each picture excites
its own channel more than the sheet's other pictures do, and than the photographs; and which of
these excites it most.`,
    )
    .action(async (manifest: string, flags: JudgeFlags) => {
      const { runJudge } = await import("./run-judge.ts");
      await runJudge(manifest, flags, terminal);
    });
  for (const option of inputOptions("the judge's")) judge.addOption(option);
  return judge;
}
