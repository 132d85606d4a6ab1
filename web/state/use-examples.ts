import { useEffect } from "preact/hooks";

import type { LookProgress } from "../api/documents.ts";
import { type Resource, useResource } from "./use-resource.ts";

const ASK_MS = 1_000;

/** Whether the server has photographs to show. */
export const hasDataset = () => document.documentElement.dataset["dataset"] === "true";

/**
 * What is known of photographs, asked for again while more are looked at.
 *
 * @param key of what is fetched
 */
export function useExamples<Examples extends LookProgress>(
  key: string,
  fetchThem: () => Promise<Examples>,
): Resource<Examples> {
  const examples = useResource(key, fetchThem);
  const { value, problems, reload } = examples;
  const isLooking = value?.state === "looking" || value?.state === "waiting";
  useEffect(() => {
    if (!isLooking) return undefined;
    const timer = setTimeout(reload, ASK_MS);
    return () => clearTimeout(timer);
  }, [isLooking, value, problems, reload]);
  return examples;
}
