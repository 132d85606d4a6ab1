import { Command } from "commander";

import type { DoctorFlags } from "./run-doctor.ts";
import type { Terminal } from "./terminal.ts";

/** `dreamgrid doctor`: whether a stack would work in an account, before it is deployed. */
export function doctorCommand(terminal: Terminal): Command {
  return new Command("doctor")
    .description("say whether the account's quotas allow a stack of these settings")
    .requiredOption("--cloud", "ask AWS for the account's quotas")
    .option("--region <name>", "region of the stack (default: as AWS_REGION says)")
    .option(
      "-c, --context <name=value>",
      "a setting, as given to the deployment; may be given several times",
      (setting: string, before: readonly string[]) => [...before, setting],
      [],
    )
    .addHelpText(
      "after",
      `
It asks with the credentials of the AWS command line and changes nothing. The exit code is 1 where a
stack of these settings would not work; what to set instead is on the line that says so.`,
    )
    .action(async (flags: DoctorFlags) => {
      const { runDoctor } = await import("./run-doctor.ts");
      await runDoctor(flags, terminal);
    });
}
