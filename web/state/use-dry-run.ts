import { useEffect, useState } from "preact/hooks";

import { type Resource, useResource } from "./use-resource.ts";

/** While somebody is writing, nothing is asked. */
const QUIET_MS = 400;

/** What the API says of something before it is begun. */
export type DryRun<Answer> = Pick<Resource<Answer>, "value" | "problems">;

const NOTHING = { value: null, problems: [] };

/**
 * Asks what something would take, once nobody has written for a moment.
 *
 * @param key of what is asked; `null`: nothing
 */
export function useDryRun<Answer>(key: string | null, ask: () => Promise<Answer>): DryRun<Answer> {
  const [asked, setAsked] = useState<string | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(key), QUIET_MS);
    return () => clearTimeout(timer);
  }, [key]);
  const answer = useResource(asked, ask);
  return asked === key ? answer : NOTHING;
}
