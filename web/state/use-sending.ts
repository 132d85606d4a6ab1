import { useState } from "preact/hooks";

import { isSilence, problemsOf } from "../api/client.ts";
import { askSoon, useNews } from "./news.ts";

/** What a form sends: one at a time, and what is wrong with it as the server says. */
export function useSending() {
  const [failure, setFailure] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  /** What was wrong is being mended. */
  const forget = () => setFailure(null);
  const send = async (sending: () => Promise<void>) => {
    if (isBusy) return;
    setBusy(true);
    try {
      await sending();
      forget();
      askSoon();
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  // a server that did not answer is there again
  useNews(({ kind }) => kind === "again" && isSilence(failure) && forget());
  const problems = failure === null ? [] : problemsOf(failure);
  return { isBusy, problems, forget, send };
}

export type Sending = ReturnType<typeof useSending>;

/** For a form's `onSubmit`: `act` in place of the browser's own sending. */
export const submitting = (act: () => Promise<void>) => (event: Event) => {
  event.preventDefault();
  void act();
};
