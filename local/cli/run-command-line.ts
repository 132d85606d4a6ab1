import { Command, CommanderError } from "commander";

import packageJson from "../../package.json" with { type: "json" };
import { didYouMean } from "../../lib/networks/did-you-mean.ts";
import { completionCommand } from "./completion/completion.ts";
import { activationAtlasCommand } from "./activation-atlas.ts";
import { analyzeCommand } from "./analyze.ts";
import { ascendCommand } from "./ascend.ts";
import { atlasCommand } from "./atlas.ts";
import { addRequestOptions, dreamCommand } from "./dream.ts";
import { circuitCommand } from "./circuit.ts";
import { clientCommand } from "./client.ts";
import { conceptsCommand } from "./concepts.ts";
import { doctorCommand } from "./doctor.ts";
import { explainCommand } from "./explain.ts";
import { exportGraphCommand } from "./export-graph.ts";
import { judgeCommand } from "./judge.ts";
import { labelsCommand } from "./labels.ts";
import { lookCommand } from "./look.ts";
import { modelsFoldersProblem } from "./models-folders.ts";
import { modelsCommand } from "./models.ts";
import { schemaCommand } from "./schema.ts";
import { openCommand } from "./open.ts";
import { serveCommand } from "./serve.ts";
import { type CommandIo, createTerminal } from "./terminal.ts";

/** What was asked for cannot be done; 1 is for what should not have happened. */
const EXIT_BAD_REQUEST = 2;
/** A check that was asked for has found something wrong, or of a job no image could be drawn. */
const EXIT_WRONG = 1;
/** What a shell reports of a program that a signal ended; its scripts stop at 130. */
const EXIT_INTERRUPTED = { SIGINT: 128 + 2, SIGTERM: 128 + 15 } as const;

/** Commands that analyse a network: the thread for that loads what it runs meanwhile. */
const ANALYSING: ReadonlySet<string> = new Set([
  "dream",
  "look",
  "atlas",
  "activation-atlas",
  "explain",
  "concepts",
  "circuit",
]);

/**
 * Runs `dreamgrid` with the words after its name. A command's definition is light and imports its
 * work (`run-<command>.ts`) when it is asked for, so that help and misspelt options answer at once.
 *
 * @returns the exit code: 0, 1 where a check finds something wrong or all images of a job failed, or
 *   after one line on standard error 2 for a request that cannot be done and 130 or 143 for one that
 *   was interrupted
 * @throws what is a fault of ours
 */
export async function runCommandLine(words: readonly string[], io: CommandIo): Promise<number> {
  const terminal = createTerminal(io);
  const dream = dreamCommand(terminal);
  const program = new Command("dreamgrid")
    .description("renders what a convolutional network has learned")
    .usage("[options] <network | command>")
    .version(packageJson.version)
    .addCommand(lookCommand(terminal), { isDefault: true })
    .addCommand(dream)
    .addCommand(atlasCommand(terminal))
    .addCommand(activationAtlasCommand(terminal))
    .addCommand(serveCommand(terminal))
    .addCommand(openCommand(terminal))
    .addCommand(doctorCommand(terminal))
    .addCommand(analyzeCommand(terminal))
    .addCommand(labelsCommand(terminal))
    .addCommand(exportGraphCommand(terminal))
    .addCommand(ascendCommand(terminal))
    .addCommand(judgeCommand(terminal))
    .addCommand(explainCommand(terminal))
    .addCommand(conceptsCommand(terminal))
    .addCommand(circuitCommand(terminal))
    .addCommand(schemaCommand(terminal))
    .addCommand(clientCommand(terminal))
    .addCommand(completionCommand(terminal, () => addRequestOptions(dream)))
    .addCommand(modelsCommand(terminal));
  program.hook("preSubcommand", async (_, command) => {
    if (ANALYSING.has(command.name())) terminal.startAnalysis();
    if (command === dream) await addRequestOptions(dream);
  });
  program.hook("preAction", (_, command) => {
    const problem = modelsFoldersProblem(io.env);
    if (problem !== null) command.error(problem);
  });
  settle(program, io);
  try {
    await program.parseAsync([...askedForHelp(program, words)], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_BAD_REQUEST;
    const { InterruptedError, NothingDrawnError, QuotaError, userMessage } =
      await import("./user-errors.ts");
    const message = userMessage(error);
    if (message === null) throw error;
    terminal.note(`dreamgrid: ${oneLine(message)}`);
    if (error instanceof QuotaError || error instanceof NothingDrawnError) return EXIT_WRONG;
    return error instanceof InterruptedError ? EXIT_INTERRUPTED[error.signal] : EXIT_BAD_REQUEST;
  }
}

/** commander would exit the process and print two lines; make it throw and print one. */
function settle(command: Command, io: CommandIo): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => io.stderr.write(text),
    outputError: (text, write) => {
      const problem = oneLine(text.replace(/^error: /, ""));
      const suggestion = suggestedOption(problem, command);
      write(`dreamgrid: ${problem}${suggestion} (see ${pathOf(command)} --help)\n`);
    },
  });
  for (const child of command.commands) settle(child, io);
}

/** `help models add` is `models add --help`: commander's own `help` looks at one word. */
function askedForHelp(program: Command, words: readonly string[]): readonly string[] {
  // help of help is that of all
  const path = words.filter((word) => word !== "help");
  if (words[0] !== "help" || path.some((word) => word.startsWith("-"))) return words;
  let place = program;
  for (const word of path) {
    const below = place.commands.find((command) => command.name() === word);
    const known = place.commands.map((command) => command.name());
    const hint = didYouMean(word, known).replace(/^.+$/, " ($&)");
    place = below ?? place.error(`unknown command '${word}'${hint}`);
  }
  return [...path, "--help"];
}

/**
 * " (Did you mean --num-iterations?)", where commander, which looks at spelling alone, has nothing,
 * or " (dream has it)", where another command does.
 */
function suggestedOption(problem: string, { options, parent }: Command): string {
  const [, given] = /^unknown option '--([^'=]+)[^']*'$/.exec(problem) ?? [];
  if (given === undefined) return "";
  const known = options.flatMap(({ long }) =>
    long ? { label: long, names: [long.replace(/^--/, "")] } : [],
  );
  const suggested = didYouMean(given, known).replace(/^d(.+)$/, " (D$1)");
  if (suggested !== "") return suggested;
  const has = (each: Command) => each.options.some(({ long }) => long === `--${given}`);
  const elsewhere = parent?.commands.find(has);
  return elsewhere === undefined ? "" : ` (${elsewhere.name()} has it)`;
}

/** "dreamgrid models add" */
function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

/** Without a pattern, which would take minutes where a name in a message has many blanks. */
function oneLine(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "").join(" ");
}
