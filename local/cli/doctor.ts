import { Command } from "commander";

import type { DoctorFlags } from "./run-doctor.ts";
import type { Terminal } from "./terminal.ts";

/**
 * `dreamgrid doctor`: what this machine renders on, or whether a stack would work in an account.
 */
export function doctorCommand(terminal: Terminal): Command {
  return new Command("doctor")
    .description("say whether this machine's GPU is used, or what the account's quotas allow")
    .option("--cloud", "ask AWS whether the account's quotas allow a stack of these settings")
    .option(
      "--region <name>",
      "region of the stack (default: of AWS_REGION, or of the AWS command line's profile)",
    )
    .option(
      "-c, --context <name=value>",
      "a setting, as given to the deployment; may be given several times",
      (setting: string, before?: readonly string[]) => [...(before ?? []), setting],
    )
    .addHelpText(
      "after",
      `
Of this machine it says whether it renders on a GPU, on which, and if not, why. It looks anew, and
what it finds is what other commands remember for a day: run it after a change of drivers. The
environment variable DREAMGRID_GPU may be 'off' (no GPU is looked for) or 'any' (one is used however
slow it is).

With --cloud it asks with the credentials of the AWS command line and changes nothing. The exit code
is 1 where a stack of these settings would not work; what to set instead is on the line that says
so.`,
    )
    .action(async (flags: DoctorFlags & { readonly cloud?: boolean }, command: Command) => {
      if (!flags.cloud) {
        const [given] = Object.keys(flags);
        if (given !== undefined) command.error(`--${given} is of a stack: give --cloud with it`);
        const { runGpuDoctor } = await import("./run-gpu-doctor.ts");
        return runGpuDoctor(terminal);
      }
      const { runDoctor } = await import("./run-doctor.ts");
      return runDoctor(flags, terminal);
    });
}
