/** Asks ECS not to choose this task when it takes tasks away. */
export interface ScaleInProtection {
  set(state: "working" | "idle"): Promise<void>;
}

/** Outside ECS there is nobody to ask. */
export const NO_PROTECTION: ScaleInProtection = { set: () => Promise.resolve() };

/** Protection ends by itself, should this process die: longer than any group takes. */
const EXPIRES_IN_MINUTES = 120;
/** Work may go on for longer, from group to group: half of the time is left for the group's end. */
const RENEW_MS = (EXPIRES_IN_MINUTES / 2) * 60_000;
const TIMEOUT_MS = 5_000; // the agent is on the same machine; the next group waits for it

/**
 * Protection through the agent's endpoint inside the task, asked when the state changes, and again
 * while work goes on.
 *
 * Source: Amazon ECS developer guide, "Amazon ECS task scale-in protection endpoint".
 *
 * @param agentUri value of ECS_AGENT_URI
 * @param onError a task without protection still works; it may be taken away sooner
 */
export function ecsScaleInProtection(
  agentUri: string,
  onError: (error: unknown) => void,
  now: () => number = Date.now,
): ScaleInProtection {
  let current: "working" | "idle" = "idle";
  let askedAt = now();
  return {
    async set(state) {
      const isDue = state === "working" && now() - askedAt >= RENEW_MS;
      if (state === current && !isDue) return;
      try {
        await putProtection(agentUri, state === "working");
        current = state;
        askedAt = now();
      } catch (error) {
        onError(error);
      }
    },
  };
}

async function putProtection(agentUri: string, isProtected: boolean): Promise<void> {
  const body = isProtected
    ? { ProtectionEnabled: true, ExpiresInMinutes: EXPIRES_IN_MINUTES }
    : { ProtectionEnabled: false };
  const response = await fetch(`${agentUri}/task-protection/v1/state`, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  // the agent answers 200 with a failure in the body when ECS refuses
  if (response.ok && !/"(?:failure|error)"\s*:\s*\{/.test(text)) return;
  throw new Error(
    `the ECS agent refused scale-in protection: ${response.status} ${text.slice(0, 300)}`,
  );
}
