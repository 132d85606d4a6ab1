import { Argument, type Command, InvalidArgumentError, Option } from "commander";

import { type Provider, PROVIDERS } from "../../lib/autodiff/provider.ts";
import { MAX_RANK } from "../../lib/onnx/budgets.ts";
import { type Objective, OBJECTIVES } from "../../lib/optvis/graph/objective/names.ts";
import { MAX_PYRAMID_SCALE, MAX_SEED } from "../../lib/pipeline/limits.ts";
import { addInputOptions } from "./input-options.ts";

/** What the options that name an ascent's network, layer and form are parsed to. */
export interface LayerFlags {
  readonly network: string;
  readonly layer: string;
  readonly channelAxis?: number | undefined;
  readonly objective: Objective;
  readonly provider: Provider;
}

const NETWORK = "id of a network, or path of an .onnx file";

/** Arguments and options that several commands have, spelled and checked once. */
export const networkArgument = () => new Argument("<network>", NETWORK);

export const networkOption = () => new Option("--network <network>", NETWORK).makeOptionMandatory();

export const layerOption = () =>
  new Option("--layer <layer>", "name or 1-based index of a layer").makeOptionMandatory();

export const channelAxisOption = () =>
  new Option(
    "--channel-axis <axis>",
    "axis of the layer's output along which its channels lie (default: as analyze shows)",
  ).argParser(wholeNumber(1, MAX_RANK - 1));

export const objectiveOption = () =>
  new Option("--objective <objective>", "what the ascent raises")
    .choices(OBJECTIVES)
    .default("rectified" satisfies Objective);

export const providerOption = () =>
  new Option("--provider <provider>", "execution provider the graph is written for")
    .choices(PROVIDERS)
    .default("cpu" satisfies Provider);

export const threadsOption = () =>
  new Option("--threads <count>", "worker threads (default: one per core)").argParser(
    wholeNumber(1, 1024),
  );

/** The option --seed of commands that draw from photographs. */
export const seedOption = () =>
  new Option("--seed <seed>", "of the places, and of the pictures")
    .argParser(wholeNumber(0, MAX_SEED))
    .default(0);

const dataOption = () =>
  new Option(
    "--data <folder>",
    "where the pipeline keeps its objects (default: OUT/.pipeline)",
  ).argParser(path);

const jsonEventsOption = () =>
  new Option("--json", "write what happens to standard output, an event as JSON on each line");

const dryRunOption = () =>
  new Option("--dry-run", "say what would be drawn and how long it takes, and draw nothing");

const quietOption = () => new Option("--quiet", "write nothing but the sheets' names and errors");

/** Adds what every command has that draws what it is asked for, and returns the command. */
export function addDrawingOptions(command: Command): Command {
  for (const option of [dataOption, threadsOption, dryRunOption, jsonEventsOption, quietOption]) {
    command.addOption(option());
  }
  return addInputOptions(command);
}

/** Refuses an empty path, which would mean the current folder. */
export function path(text: string): string {
  if (text.trim() !== "") return text;
  throw new InvalidArgumentError("want a path.");
}

/** Parser of a whole number from `least` up. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `${least} up` : `${least} to ${most}`;
    throw new InvalidArgumentError(`want a whole number from ${range}.`);
  };
}

/** Parser of a port; 0 stands for any that is free. */
export const portNumber = wholeNumber(0, 65_535);

/** Parser of the scale between two levels of a pyramid. */
export function scaleFactor(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 1 && value <= MAX_PYRAMID_SCALE) return value;
  throw new InvalidArgumentError(`want a number above 1, up to ${MAX_PYRAMID_SCALE}.`);
}
