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
 * @param request what is asked about; `null`: nothing
 */
export function useDryRun<Request extends object, Answer>(
  request: Request | null,
  ask: (request: Request) => Promise<Answer>,
): DryRun<Answer> {
  const key = request && JSON.stringify(request);
  const [asked, setAsked] = useState<string | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(key), QUIET_MS);
    return () => clearTimeout(timer);
  }, [key]);
  // not of what may have been written since
  const answer = useResource(asked, () => ask(JSON.parse(asked!) as Request));
  return asked === key ? answer : NOTHING;
}
