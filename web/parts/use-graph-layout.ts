import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { countNodes, type GraphLayout, type GraphQuestion, layOut } from "./graph-layout.ts";

/** Nodes that are laid out in the blink of an eye; of several hundred some take ten seconds. */
const MOST_AT_ONCE = 150;

type Layers = GraphQuestion["layers"];
type Open = GraphQuestion["open"];

interface LatestLayout {
  /** `null`: so many layers in a row cannot be drawn; `undefined`: nothing is there yet. */
  readonly layout: GraphLayout | null | undefined;
  /** Whether it is that of what was open before. */
  readonly isLate: boolean;
}

/** Lays a graph out: a small one at once, a large one in a thread, and the last one stays meanwhile. */
export function useGraphLayout(layers: Layers, open: Open): LatestLayout {
  const atOnce = useMemo(
    () => (countNodes(layers, open) > MOST_AT_ONCE ? undefined : layOut(layers, open)),
    [layers, open],
  );
  const [answer, setAnswer] = useState<(GraphQuestion & Pick<LatestLayout, "layout">) | null>(null);
  const isAnswered = answer?.layers === layers && answer.open === open;
  useEffect(() => {
    if (atOnce !== undefined) return undefined;
    const worker = new Worker(new URL("layout-worker.js", import.meta.url), { type: "module" });
    const show = (layout: GraphLayout | null) =>
      // the page's own stack is twice as deep as a thread's
      setAnswer({ layers, open, layout: layout ?? layOut(layers, open) });
    worker.addEventListener("message", ({ data }) => show(data as GraphLayout | null));
    // where there are no such threads
    worker.addEventListener("error", () => show(null));
    worker.postMessage({ layers, open } satisfies GraphQuestion);
    return () => worker.terminate();
  }, [layers, open, atOnce]);
  const known = isAnswered ? answer.layout : atOnce;
  const last = useRef<{ readonly layers: Layers } & Pick<LatestLayout, "layout">>(null);
  if (known !== undefined) last.current = { layers, layout: known };
  const before = last.current?.layers === layers ? last.current.layout : undefined;
  return { layout: known === undefined ? before : known, isLate: known === undefined };
}
