import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

/** Between two notes of how far the page is scrolled: browsers take 200 in half a minute. */
const NOTE_EVERY_MS = 200;

/** What a person does to move the page, which then is moved no more for them. */
const MOVES = ["wheel", "touchstart", "keydown", "pointerdown"] as const;

const notedTop = (): number => (history.state as { readonly top?: number } | null)?.top ?? 0;

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
    const top = notedTop();
    const settled = new AbortController();
    const { signal } = settled;
    const settle = () => settled.abort();
    const note = () => {
      if (!signal.aborted || keyNow() !== key || notedTop() === scrollY) return;
      history.replaceState({ top: scrollY }, "");
    };
    let timer: ReturnType<typeof setTimeout> | null = null;
    const follow = () => {
      timer ??= setTimeout(() => {
        timer = null;
        note();
      }, NOTE_EVERY_MS);
    };
    const gone = new AbortController();
    addEventListener("scroll", follow, { passive: true, signal: gone.signal });
    // what is clicked may lead away
    addEventListener("click", note, { capture: true, signal: gone.signal });
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
      clearTimeout(timer ?? undefined);
      settle();
      gone.abort();
    };
  }, [key]);
}
