import { parseArgs } from "node:util";

import { UsageError } from "../../local/cli/user-errors.ts";
import { JOBS } from "../jobs.ts";

export const PARTS = ["check", "steps", "profile", "jobs", "example", "recipes"] as const;
export type Part = (typeof PARTS)[number];

/** What is left of each measurement with `--tiny`: that it runs is all that its figures say. */
export const TINY = { images: 2, iterations: 2, repeats: 1 } as const;

/** The jobs that are measured on a card. */
export const TIMED_JOBS = JOBS.filter(({ id }) => id === "3" || id === "4");

export const USAGE = `bash run.sh FOLDER [OPTION ...]

Measures the product on this machine's CUDA card, after the gate that GPU workers pass before they start.
Ends with 0 if the gate passed and everything that was asked for ran.

  --only PARTS      some of these, separated by commas, or "gate" for the gate alone:
                      check    gradients of the CUDA graphs against the CPU's
                      steps    ms of a whole ascent step, four shapes, against PyTorch
                      profile  what ONNX Runtime ran where, of the same steps
                      jobs     jobs ${TIMED_JOBS.map(({ id }) => id).join(" and ")} of the example, against PyTorch
                      example  the example's 84 images
                      recipes  images of each recipe of the Fourier method, and recognisable ones
  --out DIR         where images and profiles are left [here]
  --python PYTHON   a Python with torch, onnx and numpy [python3]
  --reference FILE  the ascent in PyTorch; without it PyTorch is not measured [the kit's]
  --model FILE      GoogLeNet [the kit's]
  --provider cpu    without a card: the CUDA graphs of "check", "steps" and "profile" run on the CPU,
                    the rest is drawn there as it always is
  --tiny            two images and two iterations of everything, once: to try that it runs`;

export interface MeasureOptions {
  readonly provider: "cuda" | "cpu";
  readonly parts: readonly Part[];
  readonly out: string;
  readonly python: string;
  readonly reference: string | null;
  readonly model: string;
  readonly isTiny: boolean;
}

/** @returns `null` where help is asked for; UsageError for what cannot be asked for */
export function parseOptions(words: readonly string[]): MeasureOptions | null {
  const { values } = parseArgs({
    args: [...words],
    options: {
      out: { type: "string", default: "." },
      only: { type: "string", default: PARTS.join(",") },
      provider: { type: "string", default: "cuda" },
      python: { type: "string", default: "python3" },
      reference: { type: "string" },
      model: { type: "string", default: "googlenet" },
      tiny: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  const { out, python, reference = null, model, tiny: isTiny } = values;
  const provider = parseProvider(values.provider);
  return { provider, parts: parseParts(values.only), out, python, reference, model, isTiny };
}

function parseProvider(value: string): "cuda" | "cpu" {
  if (value === "cpu" || value === "cuda") return value;
  throw new UsageError(`--provider is '${value}'; wanted "cuda" or "cpu"`);
}

function parseParts(value: string): readonly Part[] {
  const given = value.split(",");
  const unknown = given.filter((name) => name !== "gate" && !PARTS.some((part) => part === name));
  if (unknown.length === 0) return PARTS.filter((part) => given.includes(part));
  throw new UsageError(
    `--only names '${unknown.join(",")}'; wanted some of gate,${PARTS.join(",")}`,
  );
}
