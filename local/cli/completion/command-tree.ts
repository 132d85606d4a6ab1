import type { Command } from "commander";

/** A word of the command line that stands for something. */
export interface Candidate {
  readonly word: string;
  readonly description: string;
}

export interface OptionCandidate extends Candidate {
  /** The same in one letter, such as `-h`. */
  readonly short: string | null;
  /** `null`: it stands by itself; `[]`: any text, or a file. */
  readonly values: readonly string[] | null;
}

/** A command as a shell has to know it. */
export interface CommandPlace {
  /** The words that lead to it after the program's name: `[]`, `["models", "add"]`. */
  readonly path: readonly string[];
  readonly commands: readonly Candidate[];
  readonly options: readonly OptionCandidate[];
  /** Words that its first argument may be; `[]`: any, or a file. */
  readonly values: readonly string[];
}

/** The program's command and all below it, as its help shows them. */
export function commandPlaces(
  command: Command,
  path: readonly string[] = [],
): readonly CommandPlace[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const place: CommandPlace = {
    path,
    commands: commands.map((each) => ({
      word: each.name(),
      description: firstLine(each.description()),
    })),
    options: help.visibleOptions(command).map((option) => ({
      word: option.long ?? option.flags,
      short: option.short ?? null,
      description: firstLine(option.description),
      values: option.required || option.optional ? (option.argChoices ?? []) : null,
    })),
    values: command.registeredArguments[0]?.argChoices ?? [],
  };
  // the command `help` is one of commander's own, and takes nothing that could be completed
  const below = commands.filter((each) => command.commands.includes(each));
  return [place, ...below.flatMap((each) => commandPlaces(each, [...path, each.name()]))];
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]!;
}
