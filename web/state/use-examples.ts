import type { LookProgress } from "../api/documents.ts";
import { type Resource, useAskAgain, useResource } from "./use-resource.ts";

const ASK_MS = 1_000;

/** Whether the server has photographs to show. */
export const hasDataset = () => document.documentElement.dataset["dataset"] === "true";

/** Whether there are photographs that the network has still to look at. */
export const isLooking = ({ state }: LookProgress): boolean =>
  state === "looking" || state === "waiting";

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
  const { value } = examples;
  useAskAgain(value !== null && isLooking(value), examples, ASK_MS);
  return examples;
}
