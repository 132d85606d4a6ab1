/*
 * What is told of the photographs that excite a channel: types alone, which the page reads too.
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
  readonly state: "looking" | "done" | "failed";
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

export interface ChannelExamples extends LookProgress {
  /** Of the photographs looked at so far, the strongest first. */
  readonly examples: readonly PlacedExample[];
}

/** What the page is told of a channel by its own server. */
export interface ExamplesDocument extends Omit<ChannelExamples, "examples"> {
  readonly examples: readonly (ChannelExamples["examples"][number] & {
    /** Address of the photograph. */
    readonly image: string;
  })[];
}
