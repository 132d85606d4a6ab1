import type { AscentState } from "../../../lib/optvis/ascent/state.ts";

/** An image on its way that nothing is known of but its channel, and what is given. */
export function ascentState(channel: number, more: Partial<AscentState> = {}): AscentState {
  return {
    channel,
    position: channel - 1,
    parameters: {},
    trace: [],
    stop: null,
    restarts: 0,
    isRevived: false,
    seconds: 0,
    stage: 0,
    done: 0,
    ...more,
  };
}
