import { runCommandLine } from "./run-command-line.ts";

// which Node the SDK will want next year is of no use among the lines of a drawing
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

process.exitCode = await runCommandLine(process.argv.slice(2), process);
