import { Command } from "commander";

import type { Terminal } from "./terminal.ts";

/** `dreamgrid schema`: what a request may be, for editors and other programs. */
export function schemaCommand(terminal: Terminal): Command {
  return new Command("schema")
    .description("print the JSON Schema of a request")
    .addHelpText(
      "after",
      `
An editor completes and checks a request that names it:

    dreamgrid schema > request.schema.json
    { "$schema": "./request.schema.json", "network": "emojinet", "layer": 97, "channels": "1:9" }`,
    )
    .action(async () => {
      const { requestJsonSchema } = await import("../../lib/pipeline/request/request.ts");
      terminal.print(JSON.stringify(requestJsonSchema("one machine"), null, 2));
    });
}
