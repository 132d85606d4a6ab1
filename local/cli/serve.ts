import { Command } from "commander";

import { path, portNumber, threadsOption } from "./options.ts";
import type { ServeFlags, ServeHooks } from "./run-serve.ts";
import type { Terminal } from "./terminal.ts";

/** `dreamgrid serve`: the whole service on this machine, until it is interrupted. */
export function serveCommand(terminal: Terminal, hooks: ServeHooks = {}): Command {
  return new Command("serve")
    .description("run the whole service on this machine: S3, SQS, the pipeline and the HTTP API")
    .option("--aws-port <port>", "port of S3 and SQS; 0: any", portNumber, 4566)
    .option("--api-port <port>", "port of the HTTP API; 0: any", portNumber, 8787)
    .option("--data <folder>", "where objects and queues are kept", path, ".dreamgrid")
    .option(
      "--photos <folder>",
      "PNG, JPEG or WebP files, of which the page shows those that excite a channel most",
      path,
    )
    .addOption(threadsOption())
    .addHelpText(
      "after",
      `
Objects are plain files, DATA/dreamgrid/KEY. Stopped and started again, also after a crash, it goes
on with unfinished jobs. It listens on this machine's loopback interface only; from another machine
the page needs both ports, under the same numbers, as its pictures come from S3:

    ssh -L 8787:127.0.0.1:8787 -L 4566:127.0.0.1:4566 HOST`,
    )
    .action(async (flags: ServeFlags) => {
      const { runServe } = await import("./run-serve.ts");
      await runServe(flags, terminal, hooks);
    });
}
