import { tryJob } from "../api/client.ts";
import type { Accepted } from "../api/documents.ts";
import { several } from "../components/counted.ts";
import { estimateInWords } from "../components/estimate.ts";
import { type DryRun, useDryRun } from "../state/use-dry-run.ts";

type Request = Readonly<Record<string, unknown>>;

interface RenderEstimateProps {
  /** Of the channels that are written down; `null`: none are. */
  readonly these: Request | null;
  /** Of all of them; `null`: they are there. */
  readonly all: Request | null;
}

/** What drawing would take, or why it cannot be done, before anything is sent. */
export function RenderEstimate({ these, all }: RenderEstimateProps) {
  const some = useDryRun(these, tryJob);
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

function inWords(what: string, { value, problems }: DryRun<Accepted>): string {
  // an older API knows no dry runs, which is nothing that a reader could mend
  if (value === null) return problems.filter((text) => !text.startsWith("query.")).join("; ");
  return value.estimate === null ? what : `${what}: ${estimateInWords(value.estimate)}`;
}
