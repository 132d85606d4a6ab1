import { useState } from "preact/hooks";

import { problemsOf } from "../api/client.ts";
import { askSoon } from "./news.ts";

/** What a form sends: one at a time, and what is wrong with it as the server says. */
export function useSending() {
  const [problems, setProblems] = useState<readonly string[]>([]);
  const [isBusy, setBusy] = useState(false);
  const send = async (sending: () => Promise<void>) => {
    setBusy(true);
    try {
      await sending();
      setProblems([]);
      askSoon();
    } catch (error) {
      setProblems(problemsOf(error));
    } finally {
      setBusy(false);
    }
  };
  /** What was wrong is being mended. */
  const forget = () => setProblems([]);
  return { isBusy, problems, forget, send };
}
