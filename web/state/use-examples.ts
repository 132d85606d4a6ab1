import { useEffect } from "preact/hooks";

import { getExamples } from "../api/client.ts";
import type { ExamplesDocument } from "../api/documents.ts";
import { type Resource, useResource } from "./use-resource.ts";

const ASK_MS = 1_000;

/** Photographs that excite a channel (1-based), asked for again while more are looked at. */
export function useExamples(
  network: string,
  layer: number,
  channel: number,
): Resource<ExamplesDocument> {
  const key = `${network}/${layer}/${channel}`;
  const examples = useResource(key, () => getExamples(network, layer, channel));
  const { value, problems, reload } = examples;
  const isLooking = value?.state === "looking";
  useEffect(() => {
    if (!isLooking) return undefined;
    const timer = setTimeout(reload, ASK_MS);
    return () => clearTimeout(timer);
  }, [isLooking, value, problems, reload]);
  return examples;
}
