import { appendFileSync } from "node:fs";

import { serveCommand } from "../../local/cli/serve.ts";
import { createTerminal } from "../../local/cli/terminal.ts";
import { FakeRenderer, untilStopped } from "../support/fake-renderer.ts";

/**
 * `dreamgrid serve` as a process that can be killed, with a fake renderer in the engine's place.
 * Arguments: a file that gets a line for each channel that is begun, how many channels it renders
 * before it hangs, the recovery time in seconds, then those of `serve`.
 */
const [logPath = "", hangsAfter, recoverySeconds, ...words] = process.argv.slice(2);
let begun = 0;
const renderer = new FakeRenderer({
  beforeChannel: async (channel, stop) => {
    if (++begun > Number(hangsAfter)) await untilStopped(stop);
    appendFileSync(logPath, `${channel}\n`);
  },
});
const command = serveCommand(createTerminal(process), {
  createRenderer: () => renderer,
  recoverySeconds: Number(recoverySeconds),
});
await command.parseAsync(words, { from: "user" });
