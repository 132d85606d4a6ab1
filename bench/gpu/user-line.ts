import { userMessage } from "../../local/cli/user-errors.ts";

/** Runs a command: what is wrong with what it was given becomes one line, and exit code 2. */
export async function runCommand(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    const line = isOfArguments(error) ? error.message.split("\n")[0]! : userMessage(error);
    if (line === null) throw error;
    process.stderr.write(`${line}\n`);
    process.exitCode = 2;
  }
}

/** Whether Node's `parseArgs` refused them. */
function isOfArguments(error: unknown): error is Error {
  return (
    error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS")
  );
}
