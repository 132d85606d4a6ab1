import { appendFileSync } from "node:fs";

import { serveCommand } from "../../local/cli/serve.ts";
import { createTerminal } from "../../local/cli/terminal.ts";
import { FakeRenderer } from "../support/fake-renderer.ts";

/**
 * `dreamgrid serve` as a process that can be killed, with a slow renderer in the engine's place.
 * Arguments: a file that gets a line for each channel that is begun, then those of `serve`.
 */
const [logPath = "", ...words] = process.argv.slice(2);
const renderer = new FakeRenderer({
  secondsPerChannel: 0.1,
  beforeChannel: (channel) => appendFileSync(logPath, `${channel}\n`),
});
const command = serveCommand(createTerminal(process), {
  createRenderer: () => renderer,
  recoverySeconds: 2,
});
await command.parseAsync(words, { from: "user" });
