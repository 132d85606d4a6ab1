import type { RefObject } from "preact";
import { type Dispatch, type StateUpdater, useEffect, useState } from "preact/hooks";

/** Between two notes: browsers take 100 to 200 in half a minute. */
const NOTE_EVERY_MS = 200;

type Notes = Readonly<Record<string, unknown>>;

/** Of the entry of the history that is at `hash`, but not written into it yet. */
let pending: { readonly hash: string; readonly notes: Notes } | null = null;

/** What has been noted of this entry of the history; `null`: nothing. */
export function kept(name: string): unknown {
  return (history.state as Notes | null)?.[name] ?? null;
}

/** Notes how a place is looked at, for whoever goes back to it or reloads it. */
export function keep(name: string, value: unknown): void {
  if (pending === null) setTimeout(writeNotes, NOTE_EVERY_MS);
  const before = pending?.hash === location.hash ? pending.notes : {};
  pending = { hash: location.hash, notes: { ...before, [name]: value } };
}

/** Before a click, which may lead away, is followed. */
export function writeNotes(): void {
  // of a place that has been left nothing can be noted any more
  if (pending?.hash === location.hash) {
    history.replaceState({ ...(history.state as Notes | null), ...pending.notes }, "");
  }
  pending = null;
}

/**
 * A state that whoever goes back, or reloads, finds as it was.
 *
 * @param name no other of the page has it
 * @param initial in an entry of the history that is new
 */
export function useKept<Value>(
  name: string,
  initial: Value | (() => Value),
): [value: Value, set: Dispatch<StateUpdater<Value>>] {
  const [value, set] = useState<Value>((kept(name) as Value | null) ?? initial);
  const { hash } = location;
  // entries of the same place have it in common: the choice of a recipe is an entry, too
  useEffect(() => {
    if (location.hash === hash) keep(name, value);
  }, [name, value, hash]);
  return [value, set];
}

/**
 * How far an element is scrolled that has a scroll bar of its own.
 *
 * @param isFilled whether all of its content is there
 */
export function useKeptScroll(
  name: string,
  element: RefObject<HTMLElement | null>,
  isFilled = true,
): void {
  useEffect(() => {
    const { hash } = location;
    const scrolled = element.current;
    if (scrolled === null || !isFilled) return undefined;
    const at = kept(name);
    if (at !== null) scrolled.scrollTo(at as ScrollToOptions);
    const follow = () => {
      const { scrollLeft: left, scrollTop: top } = scrolled;
      if (location.hash === hash) keep(name, { left, top });
    };
    scrolled.addEventListener("scroll", follow, { passive: true });
    return () => scrolled.removeEventListener("scroll", follow);
  }, [name, isFilled]);
}
