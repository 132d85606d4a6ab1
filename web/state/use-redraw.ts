import { useCallback, useEffect, useRef } from "preact/hooks";

/** News come in bursts; the page is drawn anew at most so often. */
const REDRAW_MS = 150;

/** Returns what has `draw` called soon: once, however often it is asked for until then. */
export function useRedraw(draw: () => void): () => void {
  const latest = useRef(draw);
  latest.current = draw;
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => () => clearTimeout(timer.current ?? undefined), []);
  return useCallback(() => {
    timer.current ??= setTimeout(() => {
      timer.current = null;
      latest.current();
    }, REDRAW_MS);
  }, []);
}
