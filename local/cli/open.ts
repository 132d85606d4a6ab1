import { Command } from "commander";

import { portNumber } from "./options.ts";
import type { OpenFlags } from "./run-open.ts";
import type { Terminal } from "./terminal.ts";

/** `dreamgrid open`: the page of a deployed stack, on this machine. */
export function openCommand(terminal: Terminal): Command {
  return new Command("open")
    .description("show the page of a deployed stack on this machine, until it is interrupted")
    .requiredOption("--api <url>", "address of its API: output ApiUrl of the stack")
    .option("--region <name>", "region of the stack (default: as its address or AWS_REGION says)")
    .option("--port <port>", "port of the page; 0: any", portNumber, 0)
    .addHelpText(
      "after",
      `
Requests go to the API signed with the credentials of the AWS command line; where the environment
has an API_KEY, as a stack wants that was deployed with auth=api-key, with that in their place. The
browser sees neither. The page is on this machine's loopback interface only, and lets in one
browser: the first that comes with the address that is printed, whose token is good once.`,
    )
    .action(async (flags: OpenFlags) => {
      const { runOpen } = await import("./run-open.ts");
      await runOpen(flags, terminal);
    });
}
