import * as z from "zod";

import { isUploadKey } from "../../keys.ts";
import {
  MAX_CHANNEL_INDEX,
  MAX_CHANNELS_PER_JOB,
  MAX_COSINE_POWER,
  MAX_DIVERSE_IMAGES,
  MAX_IMAGE_SIDE_PX,
  MAX_KEY_LENGTH,
  MAX_NAME_LENGTH,
  MAX_TARGET_WEIGHT,
} from "../../limits.ts";

/** What says what a target raises; each target has one of them. */
export const TARGET_KINDS = ["channel", "channels", "direction", "activationOf", "layer"] as const;

const KIND_WANTED = `exactly one of ${TARGET_KINDS.join(", ")}`;
const PLACE_WANTED =
  '[column, row] of the layer\'s map, or of direction\'s file, counted from 1, "centre" or "each"';

/** A layer's name or index, a colon, a class's name. */
const MAX_SUMMED_LENGTH = 2 * MAX_NAME_LENGTH + 1;

const position = z.int().min(1).max(MAX_IMAGE_SIDE_PX);
const weight = z.number().min(-MAX_TARGET_WEIGHT).max(MAX_TARGET_WEIGHT);

/** Whether a target is one channel or a weighted sum of them. */
export function isOfChannels({ channel, channels }: RequestTarget): boolean {
  return channel !== undefined || channels !== undefined;
}

/** Whether a target is a map: of channels, and no place of it. */
export function isMap(target: RequestTarget): boolean {
  return isOfChannels(target) && target.at === undefined;
}

/** For a JSON Schema: just one of these fields is there. Refinements are not in one. */
export function oneOfThem(names: readonly string[]) {
  // in `allOf`, since the schema of a request has a `oneOf` already: its two methods
  return { allOf: [{ oneOf: names.map((name) => ({ required: [name] })) }] };
}

/** @param file what a file may be called: a key of the bucket, or a path */
function targetOf(file: z.ZodType<string>) {
  const fields = {
    channel: z
      .union([z.int().min(1).max(MAX_CHANNEL_INDEX), z.string().min(1).max(MAX_NAME_LENGTH)], {
        error: "a 1-based index, or a class name",
      })
      .optional()
      .describe("one channel, by 1-based index or class name"),
    channels: z
      .record(z.string().min(1).max(MAX_SUMMED_LENGTH), weight)
      .refine((weights) => Object.values(weights).some((value) => value !== 0), {
        error: "weights by channel, at least one of them not zero",
      })
      .optional()
      .describe(
        'a weighted sum of channels, by 1-based index or class name; of other layers as LAYER:CHANNEL: {"12": 1, "40": -0.5, "inception_4d-output:3": 0.5}',
      ),
    at: z
      .union([z.tuple([position, position], { error: PLACE_WANTED }), z.enum(["centre", "each"])], {
        error: PLACE_WANTED,
      })
      .optional()
      .describe(
        `${PLACE_WANTED}: of channels the neuron there, of an image's activation and of a file the vector there; "each" is a target for each of these places`,
      ),
    direction: file
      .optional()
      .describe("a .npy file of float32, [C] or [C, H, W]: what the layer is to point along"),
    activationOf: file
      .optional()
      .describe("an image, whose own activation is the direction: a caricature of it"),
    cosinePower: z
      .number()
      .min(0)
      .max(MAX_COSINE_POWER)
      .optional()
      .describe(
        "of direction and activationOf: how much the angle counts besides the length; default 1",
      ),
    layer: z
      .literal(true, { error: "true" })
      .optional()
      .describe("the whole layer, whatever it sees: DeepDream"),
    diversity: z
      .int()
      .min(2)
      .max(MAX_DIVERSE_IMAGES)
      .optional()
      .describe("so many images of the target that differ, each a tile"),
  };
  const schema = z.strictObject(fields).meta(oneOfThem(TARGET_KINDS));
  return schema.superRefine((target, context) => {
    const issue = (message: string) => context.addIssue({ code: "custom", message });
    if (TARGET_KINDS.filter((kind) => target[kind] !== undefined).length !== 1) {
      issue(KIND_WANTED);
    }
    const isDirection = target.direction !== undefined || target.activationOf !== undefined;
    if (target.cosinePower !== undefined && !isDirection) {
      issue("cosinePower with direction or activationOf only");
    }
    if (target.at !== undefined && target.layer) {
      issue("at with channel, channels, direction or activationOf only");
    }
  });
}

/** @param file see `targetOf` */
function targetsOf(file: z.ZodType<string>) {
  return z
    .array(targetOf(file))
    .min(1)
    .max(MAX_CHANNELS_PER_JOB)
    .optional()
    .describe(
      'what each tile raises, in place of channels, such as [{"channels": {"12": 1, "40": -0.5}}], ' +
        '[{"channel": 12, "at": "centre"}] or [{"layer": true}]',
    );
}

const FILE_WANTED = "the key of an uploaded file in the job bucket";

/** Files are uploads. */
export const targets = targetsOf(
  z.string().min(1).max(MAX_KEY_LENGTH).refine(isUploadKey, { error: FILE_WANTED }),
);

/** Files are paths on this machine. */
export const localTargets = targetsOf(z.string().min(1));

/**
 * A target as a request has it. In normal form its channels are indices, a single one of weight 1
 * is `channel`, no place is "each", and nothing that has a default is left out.
 */
export type RequestTarget = NonNullable<z.infer<typeof targets>>[number];

/** A file that a target names. */
export interface FileOfTarget {
  readonly file: string;
  readonly field: (typeof FILE_FIELDS)[number];
  /** For messages, `targets[0].direction`. */
  readonly where: string;
  /** Which place of it the target is, if it is one. */
  readonly at: RequestTarget["at"];
}

/** Fields of a target that name a file. */
const FILE_FIELDS = ["direction", "activationOf"] as const;

/** The files that targets name, each as often as it is named. */
export function filesOfTargets(given: readonly RequestTarget[] = []): readonly FileOfTarget[] {
  return given.flatMap((target, i) =>
    FILE_FIELDS.flatMap((field) => {
      const file = target[field];
      return file === undefined
        ? []
        : [{ file, field, where: `targets[${i}].${field}`, at: target.at }];
    }),
  );
}

/** The targets with their files renamed. @param to the new name of a file */
export function renameFiles(
  given: readonly RequestTarget[],
  to: (file: string) => string,
): RequestTarget[] {
  return given.map(({ direction, activationOf, ...target }) => ({
    ...target,
    ...(direction !== undefined && { direction: to(direction) }),
    ...(activationOf !== undefined && { activationOf: to(activationOf) }),
  }));
}
