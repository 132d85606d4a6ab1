import { useLayoutEffect } from "preact/hooks";

interface Step {
  readonly text: string;
  readonly href: string;
}

interface StepsProps {
  /** What they lead through. */
  readonly label: string;
  readonly before: Step | null;
  readonly behind: Step | null;
}

/** Lead to what is before and behind, by the arrow keys too. */
export function Steps({ label, before, behind }: StepsProps) {
  useStepKeys(before?.href ?? null, behind?.href ?? null);
  return (
    <nav class="row steps" aria-label={label}>
      {before !== null && (
        <a class="button" href={before.href}>
          ← {before.text}
        </a>
      )}
      {behind !== null && (
        <a class="button" href={behind.href}>
          {behind.text} →
        </a>
      )}
    </nav>
  );
}

/** The arrow keys lead to what is before and behind, unless something is being written. */
function useStepKeys(before: string | null, behind: string | null) {
  // at once with the page: a key that is pressed then is meant for what is shown
  useLayoutEffect(() => {
    const follow = ({ key, target, altKey, ctrlKey, metaKey }: KeyboardEvent) => {
      if (altKey || ctrlKey || metaKey) return;
      // what takes the arrows itself: fields, and text that is wider than its place
      if (target instanceof Element && target.closest("input, select, textarea, pre")) return;
      if (key === "ArrowLeft" && before !== null) location.hash = before;
      if (key === "ArrowRight" && behind !== null) location.hash = behind;
    };
    addEventListener("keydown", follow);
    return () => removeEventListener("keydown", follow);
  }, [before, behind]);
}
