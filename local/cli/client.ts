import { Command } from "commander";

import type { ApiDocument } from "../client/typescript-client.ts";
import type { Terminal } from "./terminal.ts";

/** `dreamgrid client`: the HTTP API's typed client. */
export function clientCommand(terminal: Terminal): Command {
  return new Command("client")
    .description("print a typed client of the HTTP API: one TypeScript file, no dependencies")
    .addHelpText(
      "after",
      `
    dreamgrid client > dreamgrid-client.ts

    import { Dreamgrid } from "./dreamgrid-client.ts";
    const api = new Dreamgrid(); // of dreamgrid serve; { url, headers, fetch } for another
    const { jobId } = await api.createJob({ network: "emojinet", layer: 97, channels: "1:9" });`,
    )
    .action(async () => {
      const { openApiDocument } = await import("../../functions/api/openapi.ts");
      const { ROUTES } = await import("../../functions/api/routes.ts");
      const { typescriptClient } = await import("../client/typescript-client.ts");
      // plain JSON to whoever serves it; a test of the API holds it to OpenAPI's own schema
      terminal.print(typescriptClient(openApiDocument(ROUTES) as unknown as ApiDocument));
    });
}
