import type { Job } from "./jobs.ts";
import { askPytorch, jobFlags, type Pytorch } from "./pytorch.ts";

/** How PyTorch computes a job on the CPU. */
export interface Form {
  /** How pixels and weights lie in memory. */
  readonly layout: "nchw" | "nhwc";
  /** Of each process. */
  readonly threads: number;
  /** Each has a share of the channels. */
  readonly processes: number;
}

/** What a choice is made by: a job's own iterations would take as long as measuring all. */
const ITERATIONS_OF_A_CHOICE = 4;

/** In either layout: one thread, all of them, and two processes that share them. */
export function formsOf(threads: number): readonly Form[] {
  const half = Math.floor(threads / 2);
  const shares = [
    { threads: 1, processes: 1 },
    ...(threads === 1 ? [] : [{ threads, processes: 1 }]),
    ...(threads === 1 ? [] : [{ threads: half, processes: 2 }]),
  ];
  return (["nchw", "nhwc"] as const).flatMap((layout) =>
    shares.map((share) => ({ layout, ...share })),
  );
}

/** The form in which a few iterations of the job take the least time; each is told. */
export async function quickest(
  forms: readonly Form[],
  job: Job,
  pytorch: Pytorch,
  tell: (form: Form, seconds: number) => void,
): Promise<Form> {
  const short = { ...job, iterations: Math.min(job.iterations, ITERATIONS_OF_A_CHOICE) };
  const timed: { readonly form: Form; readonly seconds: number }[] = [];
  for (const form of forms) {
    const { seconds } = await inForm(form, short, pytorch);
    tell(form, seconds);
    timed.push({ form, seconds });
  }
  return timed.reduce((a, b) => (b.seconds < a.seconds ? b : a)).form;
}

/** Seconds of the job, warm, and PyTorch's version. */
export async function inForm(
  form: Form,
  job: Job,
  pytorch: Pytorch,
): Promise<{ readonly seconds: number; readonly torch: string }> {
  const flags = { ...jobFlags(job), ...form, repeats: 1 };
  const { eager_s, torch } = await askPytorch("job", flags, pytorch);
  if (eager_s === undefined) throw new Error("PyTorch told no seconds of the job");
  return { seconds: eager_s, torch };
}

/** For people: "NCHW, 2 threads". */
export function nameOf({ layout, threads, processes }: Form): string {
  const those = `${layout.toUpperCase()}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
  return processes === 1 ? those : `${those} in each of ${processes} processes`;
}
