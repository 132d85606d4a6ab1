/**
 * The events of `work`, in their order, for a `for await` loop. The work begins with the loop.
 * Leaving the loop aborts the work's signal, and waits until the work has ended.
 *
 * @param work emits an event with its first argument; awaiting it waits until the loop asks for the
 *   next event
 * @param signals Of callers; each of them aborts the work's.
 * @throws what `work` fails with, after the events told before
 */
export async function* eventStream<T>(
  work: (tell: (event: T) => Promise<void>, signal: AbortSignal) => Promise<void>,
  ...signals: readonly (AbortSignal | undefined)[]
): AsyncGenerator<T, void, undefined> {
  const leaving = new AbortController();
  const told: { readonly event: T; readonly taken: () => void }[] = [];
  let hasEnded = false;
  let wake = () => {};
  const tell = (event: T) =>
    new Promise<void>((taken) => {
      if (leaving.signal.aborted) return taken();
      told.push({ event, taken });
      wake();
    });
  const callers = signals.filter((each) => each !== undefined);
  // Node 20 forgets a signal of `AbortSignal.timeout` to which only others listen
  const listener = () => undefined;
  for (const caller of callers) caller.addEventListener("abort", listener);
  const ended = work(tell, AbortSignal.any([leaving.signal, ...callers])).finally(() => {
    hasEnded = true;
    wake();
  });
  // a failure is thrown below, once the events before it have been taken
  ended.catch(() => undefined);
  try {
    for (;;) {
      const [next] = told;
      if (next !== undefined) {
        yield next.event;
        told.shift();
        next.taken();
      } else if (hasEnded) {
        break;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
    await ended;
  } finally {
    leaving.abort(new Error("the loop over the events was left"));
    for (const { taken } of told) taken();
    await ended.catch(() => undefined);
    for (const caller of callers) caller.removeEventListener("abort", listener);
  }
}
