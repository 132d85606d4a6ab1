import { useEffect, useRef, useState } from "preact/hooks";

import { type JobNews, useNews } from "./news.ts";
import { useRedraw } from "./use-redraw.ts";
import { type Resource, useResource } from "./use-resource.ts";

interface Following<Value> {
  /** It with what has happened; the same value if nothing has happened to it. */
  readonly withNews: (value: Value, news: JobNews) => Value;
  /**
   * Whether news say less than has changed, so that it has to be asked for again.
   * @param value as it stood before; `null` while it is asked for the first time
   */
  readonly isStale: (value: Value | null, news: JobNews) => boolean;
}

/**
 * Fetches what `key` names, and changes it as news come. Those that come while it is asked for
 * change the answer too, which may be older.
 *
 * @param key as of `useResource`
 */
export function useFollowed<Value>(
  key: string | null,
  fetchIt: () => Promise<Value>,
  { withNews, isStale }: Following<Value>,
): Resource<Value> {
  const fetched = useResource(key, fetchIt);
  const [value, setValue] = useState<Value | null>(null);
  const current = useRef<Value | null>(null);
  /** Since it was asked for; `null`: no answer is on its way. */
  const heard = useRef<JobNews[] | null>([]);
  const isToBeAsked = useRef(false);
  const ask = () => {
    heard.current = [];
    isToBeAsked.current = false;
    fetched.reload();
  };
  /** Once there is an answer: where news are many, none would be waited for. */
  const askNext = () => {
    if (heard.current === null) ask();
    else isToBeAsked.current = true;
  };
  const answered = () => {
    heard.current = null;
    if (isToBeAsked.current) ask();
  };
  const redraw = useRedraw(() => setValue(current.current));
  useEffect(() => void (heard.current = []), [key]);
  useEffect(() => {
    const answer = fetched.value;
    current.current = answer === null ? null : (heard.current ?? []).reduce(withNews, answer);
    setValue(current.current);
    if (answer !== null) answered();
  }, [fetched.value]);
  useEffect(() => void (fetched.problems.length > 0 && answered()), [fetched.problems]);
  useNews((news) => {
    if (news.kind === "again") return ask();
    const before = current.current;
    if (isStale(before, news)) askNext();
    heard.current?.push(news);
    if (before === null) return;
    current.current = withNews(before, news);
    if (current.current !== before) redraw();
  });
  return { value: fetched.value === null ? null : value, problems: fetched.problems, reload: ask };
}
