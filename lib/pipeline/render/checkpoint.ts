import * as z from "zod";

import { type Planes, planesShape } from "../../image/raster.ts";
import { PROVIDERS } from "../../autodiff/provider.ts";
import { floatTensor, type FloatTensor, sizeOf } from "../../onnx/tensor.ts";
import type { AscentState } from "../../optvis/ascent/state.ts";
import { CODE_VERSION } from "../version.ts";
import type { RenderedImage } from "./renderer.ts";

/** How far a channel has come that is drawn once, or if that picture is poor, twice. */
export interface TileProgress {
  /** The first picture, once it is known to be poor. */
  readonly first: RenderedImage | null;
  /** Of the drawing under way; none before it is begun. */
  readonly states: readonly AscentState[];
}

/** What a worker leaves to the one that goes on. */
export interface Checkpoint extends TileProgress {
  /** Which of the channel's messages goes on with it, from 0. */
  readonly part: number;
}

/** Whether anything was gained since: an iteration, another seed, or the first picture. */
export function isFurther(now: TileProgress, before: TileProgress | null): boolean {
  if (before === null) return now.first !== null || now.states.length > 0;
  return JSON.stringify(stepsOf(now)) !== JSON.stringify(stepsOf(before));
}

function stepsOf({ first, states }: TileProgress) {
  const steps = states.map(({ stage, done, restarts, isRevived }) => {
    return [stage, done, restarts, isRevived];
  });
  return [first !== null, steps];
}

const shape = z.array(z.int().min(1));
const trace = z.array(
  z.strictObject({ iteration: z.int(), level: z.int(), activation: z.number() }),
);
const headerSchema = z.strictObject({
  version: z.literal(1),
  codeVersion: z.string(),
  part: z.int().min(0),
  first: z
    .strictObject({
      kind: z.literal("image"),
      channel: z.int().min(1),
      /** Planes; their values follow the header. */
      image: z.strictObject({
        planes: z.int().min(1),
        width: z.int().min(1),
        height: z.int().min(1),
      }),
      svg: z.string().optional(),
      trace,
      seconds: z.number(),
      restarts: z.int(),
      provider: z.enum(PROVIDERS),
      seed: z.int(),
    })
    .nullable(),
  states: z.array(
    z.strictObject({
      channel: z.int().min(1),
      position: z.int(),
      /** Shapes by name; the values follow, after those of `first`. */
      parameters: z.record(z.string(), shape),
      trace,
      stop: z
        .union([
          z.strictObject({ kind: z.literal("dead") }),
          z.strictObject({
            kind: z.literal("non-finite"),
            what: z.enum(["activation", "gradient"]),
            level: z.int(),
            iteration: z.int(),
          }),
        ])
        .nullable(),
      restarts: z.int(),
      isRevived: z.boolean(),
      provider: z.enum(PROVIDERS).optional(),
      seconds: z.number(),
      stage: z.int(),
      done: z.int(),
    }),
  ),
});
type Header = z.input<typeof headerSchema>;

/**
 * The header's length in 4 bytes, the header as JSON, filled up to whole floats, then the values.
 */
export function encodeCheckpoint({ part, first, states }: Checkpoint): Uint8Array {
  const values: Float32Array[] = [];
  const kept = (tensor: { readonly data: Float32Array }) => values.push(tensor.data);
  if (first) kept(first.image);
  const header: Header = {
    version: 1,
    codeVersion: CODE_VERSION,
    part,
    first: first && { ...first, image: sizeWithPlanes(first.image), trace: [...first.trace] },
    states: states.map((state) => ({
      ...state,
      trace: [...state.trace],
      parameters: Object.fromEntries(
        Object.entries(state.parameters).map(([name, tensor]) => {
          kept(tensor);
          return [name, [...tensor.shape]];
        }),
      ),
    })),
  };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  const padding = Buffer.alloc((4 - (text.length % 4)) % 4);
  const bodies = values.map((data) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  return Buffer.concat([length, text, padding, ...bodies]);
}

/**
 * `null` for what is no checkpoint of this version of the code, or damaged: the channel is then
 * drawn from its beginning, which gives the same image.
 */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint | null {
  const header = headerOf(bytes);
  if (header === null || header.codeVersion !== CODE_VERSION) return null;
  const reader = new FloatReader(bytes, header.end);
  const { part, first, states } = header;
  try {
    return {
      part,
      first: first && { ...first, image: imageFrom(reader, first.image) },
      states: states.map((state) => ({
        ...state,
        parameters: Object.fromEntries(
          Object.entries(state.parameters).map(([name, of]) => [name, reader.tensor(of)]),
        ),
      })),
    };
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function sizeWithPlanes(image: Planes) {
  const [planes, height, width] = planesShape(image);
  return { planes, width, height };
}

function imageFrom(
  reader: FloatReader,
  { planes, width, height }: ReturnType<typeof sizeWithPlanes>,
): Planes {
  return { width, height, data: reader.tensor([planes, height, width]).data };
}

function headerOf(bytes: Uint8Array) {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = buffer.length < 4 ? 0 : buffer.readUInt32LE();
  const end = 4 + Math.ceil(length / 4) * 4;
  try {
    const header = headerSchema.safeParse(JSON.parse(buffer.toString("utf8", 4, 4 + length)));
    return header.success ? { ...header.data, end } : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Tensors, one after the other. */
class FloatReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#at = start;
  }

  /** @throws RangeError if there are not so many values */
  tensor(of: readonly number[]): FloatTensor {
    const end = this.#at + 4 * sizeOf(of);
    if (end > this.#bytes.length) throw new RangeError("the values are cut short");
    // a copy: what lies before may not be aligned, and a session takes its tensors for itself
    const data = new Float32Array(sizeOf(of));
    new Uint8Array(data.buffer).set(this.#bytes.subarray(this.#at, end));
    this.#at = end;
    return floatTensor(of, data);
  }
}
