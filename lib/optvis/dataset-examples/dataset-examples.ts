import type { LayerMaxima } from "./maxima.ts";

/** An image of a dataset, and how strongly it excites a channel. */
export interface DatasetExample {
  /** Of the image, from 0. */
  readonly image: number;
  /** The largest value of the channel's map. */
  readonly activation: number;
  /** Where that is, counted along the map row by row from 0. */
  readonly place: number;
}

/** Those that an example is written in. */
export const NUMBERS_OF_EXAMPLE = 3;

/**
 * The images of a dataset that excite each channel of a layer most: what has been seen so far,
 * whatever the order in which it came. Of images that excite a channel alike the first counts more;
 * what is not finite does not count, nor 0, which a rectified channel is where nothing excites it.
 */
export class DatasetExamples {
  readonly #most: number;
  readonly #channels: (readonly DatasetExample[])[];

  /** @param most examples that are kept of each channel */
  constructor(channels: number, most: number) {
    this.#most = most;
    this.#channels = Array.from({ length: channels }, () => []);
  }

  /** Adds what an image does, which is not to be there yet. */
  add(image: number, { maxima, places }: LayerMaxima): void {
    maxima.forEach((activation, channel) => {
      const kept = this.#channels[channel]!;
      const example = { image, activation, place: places[channel]! };
      const last = kept.length < this.#most ? null : kept.at(-1)!;
      const counts = Number.isFinite(activation) && activation !== 0;
      if (!counts || (last !== null && isBefore(last, example))) return;
      const at = kept.findIndex((other) => isBefore(example, other));
      const sorted = kept.toSpliced(at < 0 ? kept.length : at, 0, example);
      this.#channels[channel] = sorted.slice(0, this.#most);
    });
  }

  /**
   * All there is as [channels, most, 3] numbers: image, activation and place of each example, NaN
   * where there is none.
   */
  written(): Float32Array {
    const ofChannel = NUMBERS_OF_EXAMPLE * this.#most;
    const numbers = new Float32Array(ofChannel * this.#channels.length).fill(NaN);
    this.#channels.forEach((examples, channel) => {
      const all = examples.flatMap(({ image, activation, place }) => [image, activation, place]);
      numbers.set(all, ofChannel * channel);
    });
    return numbers;
  }

  /** What another has written. @param numbers [channels, most, 3] */
  static read(numbers: Float32Array, channels: number, most: number): DatasetExamples {
    const read = new DatasetExamples(channels, most);
    for (let i = 0; i < channels * most; i++) {
      const at = NUMBERS_OF_EXAMPLE * i;
      const example = {
        image: numbers[at]!,
        activation: numbers[at + 1]!,
        place: numbers[at + 2]!,
      };
      const channel = Math.floor(i / most);
      const kept = read.#channels[channel]!;
      if (!Number.isNaN(example.image)) read.#channels[channel] = [...kept, example];
    }
    return read;
  }

  /** The strongest first. @param channel 1-based */
  of(channel: number): readonly DatasetExample[] {
    return this.#channels[channel - 1] ?? [];
  }
}

function isBefore(a: DatasetExample, b: DatasetExample): boolean {
  return a.activation === b.activation ? a.image < b.image : a.activation > b.activation;
}
