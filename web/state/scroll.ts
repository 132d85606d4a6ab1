import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

import { keep, kept, writeNotes } from "./kept.ts";

/** What a person does to move the page, which then is moved no more for them. */
const MOVES = ["wheel", "touchstart", "keydown", "pointerdown"] as const;

/** Whether some of the place is still being fetched, which may change how high it is. */
const isBusy = (content: HTMLElement | null): boolean =>
  content === null || content.querySelector("[aria-busy=true]") !== null;

/**
 * A new place begins at its top. Of each entry of the history it is noted how far it was scrolled,
 * and who goes back or reloads is there again, as soon as so much of the place is there; and stays
 * there while the rest of it comes, until they move.
 *
 * @param key of the place that is shown
 * @param keyNow of the place that the address is of: it changes first
 * @param content what grows as the place is fetched
 */
export function useScroll(
  key: string,
  keyNow: () => string,
  content: RefObject<HTMLElement | null>,
): void {
  useEffect(() => {
    // the browser's own comes before there is anything to scroll
    history.scrollRestoration = "manual";
    const top = Number(kept("top"));
    const settled = new AbortController();
    const { signal } = settled;
    const settle = () => settled.abort();
    const follow = () => {
      if (signal.aborted && keyNow() === key) keep("top", scrollY);
    };
    const gone = new AbortController();
    addEventListener("scroll", follow, { passive: true, signal: gone.signal });
    const noteAll = () => {
      follow();
      writeNotes();
    };
    addEventListener("click", noteAll, { capture: true, signal: gone.signal });
    const arrive = () => {
      scrollTo(0, top);
      if (scrollY >= top - 1 && !isBusy(content.current)) settle();
    };
    const growth = new ResizeObserver(arrive);
    signal.addEventListener("abort", () => growth.disconnect());
    for (const name of MOVES) addEventListener(name, settle, { passive: true, signal });
    arrive();
    if (!signal.aborted && content.current !== null) growth.observe(content.current);
    return () => {
      settle();
      gone.abort();
    };
  }, [key]);
}
