import type { GpuProvider } from "../../autodiff/provider.ts";

/** Whether something is rendered on a GPU here, and why. */
export type GpuVerdict =
  | {
      readonly isFit: true;
      readonly provider: GpuProvider;
      /** How many images it renders while all threads of the CPU together render one. */
      readonly speedup: number;
      /** File names of its drivers, where the system tells. */
      readonly drivers: readonly string[];
    }
  | GpuRefusal;

/** The CPU alone is used. */
export interface GpuRefusal {
  readonly isFit: false;
  /** One line. */
  readonly reason: string;
  /** It is of this moment alone, and not to be remembered. @default it is of the machine */
  readonly isPassing?: true;
}

/** No GPU is looked for. */
export const NOT_LOOKED_FOR: GpuVerdict = {
  isFit: false,
  reason: "no GPU is looked for here; DREAMGRID_GPU may be off",
};

/** What becomes of a request for the GPU where there is none of use. */
export function gpuRefusal(reason: string): string {
  return `executionEnvironment: given 'gpu', and ${reason}; say 'auto' or 'cpu'`;
}
