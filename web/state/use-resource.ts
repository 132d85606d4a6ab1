import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { problemsOf } from "../api/client.ts";
import { useNews } from "./news.ts";

/** Something that is fetched. What was there last stays while it is fetched again. */
export interface Resource<Value> {
  readonly value: Value | null;
  /** What went wrong the last time; none while all is well. */
  readonly problems: readonly string[];
  readonly reload: () => void;
}

/** Asks again `afterMs` after each answer, or failure, as long as there is more to come. */
export function useAskAgain(
  isMoreToCome: boolean,
  { value, problems, reload }: Resource<unknown>,
  afterMs: number,
): void {
  useEffect(() => {
    if (!isMoreToCome) return undefined;
    const timer = setTimeout(reload, afterMs);
    return () => clearTimeout(timer);
  }, [isMoreToCome, value, problems, reload, afterMs]);
}

const NO_PROBLEMS: readonly string[] = [];

/**
 * Fetches what `key` names, and again when `reload` is called; of answers that come late only that
 * to the last question counts.
 *
 * @param key of what is fetched; `null`: nothing
 */
export function useResource<Value>(
  key: string | null,
  fetchIt: () => Promise<Value>,
): Resource<Value> {
  const [state, setState] = useState<{
    readonly key: string | null;
    readonly value: Value | null;
    readonly problems: readonly string[];
  }>({ key, value: null, problems: NO_PROBLEMS });
  const question = useRef(0);
  const latest = useRef(fetchIt);
  latest.current = fetchIt;
  const reload = useCallback(() => {
    if (key === null) return;
    const mine = ++question.current;
    const isLast = () => mine === question.current;
    latest.current().then(
      (value) => isLast() && setState({ key, value, problems: NO_PROBLEMS }),
      (error: unknown) =>
        isLast() &&
        setState((before) => ({
          key,
          value: before.key === key ? before.value : null,
          problems: problemsOf(error),
        })),
    );
  }, [key]);
  useEffect(() => {
    reload();
    return () => void question.current++;
  }, [reload]);
  const isCurrent = state.key === key;
  // a server that did not answer may be there again
  useNews(({ kind }) => kind === "again" && isCurrent && state.problems.length > 0 && reload());
  return {
    value: isCurrent ? state.value : null,
    problems: isCurrent ? state.problems : NO_PROBLEMS,
    reload,
  };
}
