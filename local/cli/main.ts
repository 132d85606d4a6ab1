import { startAnalysisAhead } from "../../lib/pipeline/networks/analysis-threads.ts";
import { runCommandLine } from "./run-command-line.ts";

/** What a shell reports of a program that SIGPIPE ended: 128 + 13. */
const EXIT_PIPE_CLOSED = 141;
/** A full disk under standard output: as for whatever else cannot be done. */
const EXIT_NOT_WRITTEN = 2;

// the SDK's warning about Node versions does not concern the user
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

/** A reader that has seen enough, as in `dreamgrid analyze emojinet | head`, or a terminal. */
const GONE: ReadonlySet<string | undefined> = new Set(["EPIPE", "EIO"]);

// what is written has nowhere to go any more, and the exit code says so
let lostCode: number | null = null;
for (const output of [process.stdout, process.stderr]) {
  output.on("error", ({ code, message }: NodeJS.ErrnoException) => {
    if (lostCode !== null) return;
    lostCode = GONE.has(code) ? EXIT_PIPE_CLOSED : EXIT_NOT_WRITTEN;
    if (!GONE.has(code) && output === process.stdout) {
      process.stderr.write(`dreamgrid: standard output cannot be written: ${message}\n`);
    }
    // who can end in order does; an exit would abort the process under sessions at work
    if (process.emit("SIGTERM", "SIGTERM")) return;
    if (GONE.has(code)) endByPipeSignal();
    else process.exit(EXIT_NOT_WRITTEN);
  });
}

const inThread = () => import("../../lib/pipeline/networks/analyse-in-thread.ts");

const { env, stdin, stdout, stderr } = process;
const code = await runCommandLine(process.argv.slice(2), {
  env,
  stdin,
  stdout,
  stderr,
  // a file that asks for more than any network does is given up after a while, as a server does
  analyse: async (network) => (await inThread()).analyseInThread(network),
  reader: {
    identify: async (path, name) => (await inThread()).readInThread.identify(path, name),
    describe: async (model, given) => (await inThread()).readInThread.describe(model, given),
  },
  startAnalysis: () => {
    startAnalysisAhead();
    void inThread();
  },
});
process.exitCode = lostCode ?? code;

/** As a program ends that does not ignore SIGPIPE, which Node does until it has had a listener. */
function endByPipeSignal(): void {
  if (process.platform === "win32") process.exit(EXIT_PIPE_CLOSED);
  const listener = () => undefined;
  process.on("SIGPIPE", listener).off("SIGPIPE", listener);
  process.kill(process.pid, "SIGPIPE");
}
