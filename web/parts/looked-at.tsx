import type { LookProgress } from "../api/documents.ts";
import { several } from "../components/counted.ts";
import { Problems } from "../components/problems.tsx";
import { duration } from "../components/progress-bar.tsx";
import { isLooking } from "../state/use-examples.ts";
import type { Resource } from "../state/use-resource.ts";

interface LookedAtProps {
  readonly of: Pick<Resource<LookProgress>, "value" | "problems">;
  /** What is shown of them, once all have been looked at. */
  readonly children: string;
}

/** How far a network is with the photographs, and at the end of how many it has seen what. */
export function LookedAt({ of: { value, problems }, children }: LookedAtProps) {
  const isUnderway = value !== null && isLooking(value);
  return (
    <>
      <Problems problems={[...problems, ...(value?.problem ? [value.problem] : [])]} />
      {/* nobody wants to hear each step of it */}
      <p class="quiet" role={isUnderway ? undefined : "status"}>
        {value === null ? "\u00a0" : isUnderway ? lookingAt(value) : seen(value, children)}
      </p>
      {isUnderway && (
        <progress max={value.photographs} value={value.looked} aria-label="photographs looked at" />
      )}
    </>
  );
}

/** "looked at 120 of 500 photographs, 40 s left" */
function lookingAt({ state, looked, photographs, secondsLeft }: LookProgress): string {
  if (state === "waiting") return "another network looks at the photographs first";
  const left = secondsLeft === null ? "" : `, ${duration(secondsLeft)} left`;
  return `looked at ${looked} of ${several(photographs, "photograph")}${left}`;
}

/** "Of 500 photographs those that excite it most; 2 could not be read" */
function seen({ photographs, leftOut }: LookProgress, what: string): string {
  const unread = leftOut === 0 ? "" : `; ${leftOut} could not be read`;
  return `Of ${several(photographs - leftOut, "photograph")} ${what}${unread}`;
}
