import type { AscentState } from "./state.ts";

/** Whoever runs the ascents said that there is no time for the next stretch of work. */
export class OutOfTimeError extends Error {
  override readonly name = "OutOfTimeError";

  constructor() {
    super("there was no time left for the next iterations");
  }
}

/** Images were stopped between two iterations, and where they stand. Never leaves this folder. */
export class Interruption extends Error {
  override readonly name = "Interruption";
  readonly reason: unknown;
  readonly states: readonly AscentState[];

  constructor(reason: unknown, states: readonly AscentState[]) {
    super("internal: an interruption was not dealt with");
    this.reason = reason;
    this.states = states;
  }
}
