import { tryJob } from "../api/client.ts";
import type { Accepted } from "../api/documents.ts";
import { several } from "../components/counted.ts";
import { estimateInWords } from "../components/estimate.ts";
import { type DryRun, useDryRun } from "../state/use-dry-run.ts";

type Request = Readonly<Record<string, unknown>>;

type Estimate = Parameters<typeof estimateInWords>[0];
type Tried = Pick<Accepted, "total"> & { readonly estimate: Estimate | null };

interface RenderEstimateProps {
  /** Of the channels that are written down, or of each layer's; `null`: none are. */
  readonly these: readonly Request[] | null;
  /** Of all of them; `null`: they are there. */
  readonly all: Request | null;
}

/** What drawing would take, or why it cannot be done, before anything is sent. */
export function RenderEstimate({ these, all }: RenderEstimateProps) {
  const some = useDryRun(these, tryJobs);
  const whole = useDryRun(all, tryJob);
  const isSame = some.value !== null && some.value.total === whole.value?.total;
  const total = some.value?.total ?? 0;
  const texts = [
    inWords(several(total, "tile"), some),
    isSame || all === null ? "" : inWords("all", whole),
  ];
  return (
    // there without words too, so that nothing moves when they come
    <p class="quiet estimate" role="status">
      {texts.filter((text) => text !== "").join("; ")}
    </p>
  );
}

/** What all of them would be together. */
async function tryJobs(requests: readonly Request[]): Promise<Tried> {
  const jobs = await Promise.all(requests.map(tryJob));
  const estimates = jobs.flatMap(({ estimate }) => estimate ?? []);
  const sum = (of: (estimate: Estimate) => number) =>
    estimates.reduce((total, estimate) => total + of(estimate), 0);
  return {
    total: jobs.reduce((total, job) => total + job.total, 0),
    estimate:
      estimates.length < jobs.length
        ? null
        : {
            coreSeconds: sum(({ coreSeconds }) => coreSeconds),
            dollars: sum(({ dollars }) => dollars),
          },
  };
}

function inWords(what: string, { value, problems }: DryRun<Tried>): string {
  // an older API knows no dry runs, which is nothing that a reader could mend
  if (value === null) return problems.filter((text) => !text.startsWith("query.")).join("; ");
  return value.estimate === null ? what : `${what}: ${estimateInWords(value.estimate)}`;
}
