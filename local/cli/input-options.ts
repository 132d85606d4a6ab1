import { type Command, InvalidArgumentError, Option } from "commander";

import {
  CHANNEL_ORDERS,
  type ChannelOrder,
  type GivenPreprocessing,
  PREPROCESSING_NAMES,
  type PreprocessingName,
} from "../../lib/networks/preprocessing.ts";

/** What the options about a network's image are parsed to. */
export interface InputFlags {
  readonly preprocessing?: PreprocessingName;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly scale?: readonly number[];
  readonly range?: number;
  readonly channelOrder?: ChannelOrder;
  readonly input?: readonly ConstantValue[] | undefined;
}

/** An input's value: the file that it is in, or its numbers. */
interface ConstantValue {
  readonly name: string;
  readonly value: string | readonly number[];
}

const HEADING = "How the network wants its pixels:";

/** The options about a network's image. @param whose "the network's", for help */
export function inputOptions(whose = "the network's"): readonly Option[] {
  return [
    new Option(
      "--preprocessing <name>",
      `${whose} convention, in place of the numbers below`,
    ).choices(PREPROCESSING_NAMES),
    new Option(
      "--mean <values>",
      "subtracted from pixels in 0..range: one number, or one a plane (default: 128, or 0 with --std or --range)",
    ).argParser(numbers),
    new Option("--std <values>", "divides after that: one number, or one a plane").argParser(
      numbers,
    ),
    new Option("--scale <values>", "multiplies after that, instead of --std").argParser(numbers),
    new Option(
      "--range <white>",
      "what white is to --mean and --std: 1, 255 or another (default: 255)",
    ).argParser(positive),
    new Option(
      "--channel-order <order>",
      "order of its planes; planes: they are no colours",
    ).choices(CHANNEL_ORDERS),
  ].map((option) => option.helpGroup(HEADING));
}

/** The option that gives an input of the network's graph a value for good. */
export const constantOption = () =>
  new Option(
    "--input <name=value>",
    "value of another input than the image, a .npy file or numbers, as 1 or 640,480; once for each of them",
  ).argParser(constantValue);

/** Adds all of these options, and returns the command. */
export function addInputOptions(command: Command): Command {
  for (const option of [...inputOptions(), constantOption()]) command.addOption(option);
  return command;
}

/** The part of a command's flags that says how pixels are. */
export function givenPixels(flags: InputFlags): GivenPreprocessing {
  const { preprocessing, mean, std, scale, range, channelOrder } = flags;
  return { preprocessing, mean, std, scale, range, channelOrder };
}

/** The first of the options that was given, as it is spelled; `null` for none. */
export function firstGiven({ input, ...pixels }: InputFlags): string | null {
  const given = { ...givenPixels(pixels), input };
  const [name] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  return name === undefined ? null : `--${name.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
}

/** Parser of one number for each plane of an image, say, or one for all. */
function numbers(text: string): readonly number[] {
  const values = text.split(",").map((value) => (value.trim() === "" ? Number.NaN : Number(value)));
  if (values.every(Number.isFinite)) return values;
  throw new InvalidArgumentError(
    'want finite numbers with commas between them, as in "104,117,123".',
  );
}

function constantValue(text: string, earlier: readonly ConstantValue[] = []) {
  const [, name, given] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || given === undefined) {
    throw new InvalidArgumentError(
      "want NAME=FILE.npy or NAME=NUMBERS, the name of an input and its value.",
    );
  }
  const value = /^[-+\d.,eE\s]+$/.test(given) ? numbers(given) : given;
  return [...earlier, { name, value }];
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("want a number above 0, such as 1 or 255.");
}
