import type { AscentState } from "./state.ts";
import type { AscentProgress, AscentResult, FrameHook } from "./task.ts";

export interface AscentHooks<Result = AscentResult> {
  /** Once aborted, the rendering rejects soon; channels that have ended stay ended. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Asked before each stretch of work that will take so many seconds; once it says no, the
   * rendering rejects with an OutOfTimeError. @default there is time
   */
  readonly hasTime?: ((seconds: number) => boolean) | undefined;
  /**
   * How long a chunk of iterations should take: the grain of progress and cancellation.
   *
   * @default 0.7
   */
  readonly chunkSeconds?: number | undefined;
  /** Where images stood when an earlier run was stopped; on the same provider they go on there. */
  readonly resume?: readonly AscentState[] | undefined;
  /**
   * Told where the images under way stand, before a rendering rejects that was stopped or had no
   * time left: by channel (1-based), its own state and those of the images that it depends on.
   */
  readonly onStopped?:
    ((states: ReadonlyMap<number, readonly AscentState[]>) => Promise<void>) | undefined;
  /** Before each channel is begun (1-based); awaited. */
  readonly onBegin?: ((channels: readonly number[]) => Promise<void>) | undefined;
  /** Called after every chunk of iterations, for its last one. */
  readonly onProgress?: ((progress: AscentProgress) => void) | undefined;
  /** Of what the user would not expect; more than once for the same. */
  readonly onNotice?: ((notice: string) => void) | undefined;
  readonly frames?: FrameHook | undefined;
  /** As each channel ends; awaited: no more images wait in memory than are being rendered. */
  readonly onChannel?: ((result: Result) => Promise<void>) | undefined;
}
