/*
 * What is told of the photographs that excite channels: types alone, which the page reads too.
 */

/** A part of an image, in shares of its width and height. */
export interface Part {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Which part of an image stands behind a place of a layer's map. */
export interface SeenPart {
  /** The place itself. */
  readonly place: Part;
  /** All that it looks at. */
  readonly field: Part;
}

/** How far a network is with the photographs. */
export interface LookProgress {
  /** "waiting": another network looks at them first. */
  readonly state: "waiting" | "looking" | "done" | "failed";
  /** Photographs that it has looked at, those that were left out too. */
  readonly looked: number;
  readonly photographs: number;
  readonly leftOut: number;
  /** `null`: not known yet, or it has ended. */
  readonly secondsLeft: number | null;
  /** Why it failed. */
  readonly problem: string | null;
}

/** A photograph that excites a channel. */
export interface PlacedExample {
  /** Number of the photograph, from 0. */
  readonly photograph: number;
  readonly name: string;
  readonly activation: number;
  /** Where in it; `null`: of the channel's places none lies on an image. */
  readonly seen: SeenPart | null;
}

/** The photographs, of those looked at so far, that excite a channel most. */
export interface ChannelExamples extends LookProgress {
  /** The strongest first. */
  readonly examples: readonly PlacedExample[];
}

/** The photograph, of those looked at so far, that excites each channel of a layer most. */
export interface LayerExamples extends LookProgress {
  /** Of each channel; `null`: none has been looked at. */
  readonly examples: readonly (PlacedExample | null)[];
}

/** As the page's own server tells it. */
export type Addressed<Examples> = Examples & {
  /** Of all photographs: with the number of one behind it, that one's. */
  readonly address: string;
};
