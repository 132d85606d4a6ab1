import { sha256 } from "../../networks/checksum.ts";
import type { LayerWithChannels } from "../../networks/layers.ts";
import {
  DatasetExamples,
  NUMBERS_OF_EXAMPLE,
} from "../../optvis/dataset-examples/dataset-examples.ts";
import type { NetworkModel } from "../../optvis/graph/layer-pass.ts";
import { EXAMPLES_OF_CHANNEL } from "../limits.ts";

/** What a look depends on. */
export interface LookBasis {
  readonly model: NetworkModel;
  readonly layers: readonly LayerWithChannels[];
  /** Of the photographs, in their order. */
  readonly versions: readonly string[];
}

/** What there is of a look that has ended. */
export interface EndedLook {
  readonly leftOut: number;
  /** Of each layer, in the order of the look's. */
  readonly ofLayers: readonly DatasetExamples[];
}

/** Characters of a SHA-256 in hexadecimal digits. */
const KEY_LENGTH = 64;
const NUMBERS_OF_CHANNEL = NUMBERS_OF_EXAMPLE * EXAMPLES_OF_CHANNEL;
/** Another number once looks are written or made otherwise. */
const FORM = 2;

/** A look as bytes: a hash of what it depends on, and its numbers, float32. */
export function writtenLook(of: LookBasis, { leftOut, ofLayers }: EndedLook): Uint8Array {
  const parts = [Float32Array.of(leftOut), ...ofLayers.map((examples) => examples.written())];
  return Buffer.concat([
    Buffer.from(keyOf(of)),
    ...parts.map((part) => new Uint8Array(part.buffer)),
  ]);
}

/**
 * Reads a look.
 *
 * @returns `null` unless the bytes are a whole look of the same photographs, at the same layers
 */
export function readLook(bytes: Uint8Array, of: LookBasis): EndedLook | null {
  const channels = of.layers.reduce((sum, layer) => sum + layer.channels, 0);
  const isWhole = bytes.length === KEY_LENGTH + 4 * (1 + channels * NUMBERS_OF_CHANNEL);
  const key = Buffer.from(bytes.subarray(0, KEY_LENGTH)).toString();
  if (!isWhole || key !== keyOf(of)) return null;
  // in memory of their own they lie as numbers have to
  const numbers = new Float32Array(Uint8Array.from(bytes.subarray(KEY_LENGTH)).buffer);
  let at = 1;
  const ofLayers = of.layers.map((layer) => {
    const own = numbers.subarray(at, (at += layer.channels * NUMBERS_OF_CHANNEL));
    return DatasetExamples.read(own, layer.channels, EXAMPLES_OF_CHANNEL);
  });
  return { leftOut: numbers[0]!, ofLayers };
}

/** Of a network's weights, and of what it makes of a photograph's pixels. */
export function modelIdentity({
  fingerprint,
  inputSize,
  scale,
  mean,
  planes,
}: NetworkModel): string {
  return JSON.stringify([fingerprint, inputSize, scale, mean, planes]);
}

function keyOf({ model, layers, versions }: LookBasis): string {
  const places = layers.map(({ index, value, channels, channelAxis, parts, batchAxis }) => {
    return [index, value, channels, channelAxis, parts, batchAxis];
  });
  return sha256(
    JSON.stringify([FORM, modelIdentity(model), EXAMPLES_OF_CHANNEL, places, versions]),
  );
}
