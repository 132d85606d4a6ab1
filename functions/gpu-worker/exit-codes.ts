/** How a GPU worker ends: the fleet (cdk/constructs/gpu-fleet.ts) tells from it what is next. */
export const EXIT = {
  /** Nothing is left to do. */
  idle: 0,
  /** Broken, or told to stop while there may be work: a new process has to take its place. */
  again: 1,
  /**
   * CUDA did not pass its check. It may be this instance's card, so Batch tries it again on others;
   * where the last of all attempts ends so, too, no further worker would do better.
   */
  noCard: 3,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
