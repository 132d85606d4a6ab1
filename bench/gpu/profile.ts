/** An event of ONNX Runtime's profile, as far as it is read here. */
export interface ProfileEvent {
  /** "Node" for a kernel that ran, "Session" for what holds them. */
  readonly cat?: string;
  /** "model_run" for a whole run. */
  readonly name?: string;
  /** When it began, microseconds. */
  readonly ts?: number;
  /** Microseconds. */
  readonly dur?: number;
  readonly args?: { readonly op_name?: string; readonly provider?: string };
}

/** What ran where in one run. */
export interface ProfileSummary {
  /**
   * Kernels by execution provider, how often and how long as the host sees it: of a card that is the
   * time to launch them.
   */
  readonly providers: Readonly<Record<string, { readonly kernels: number; readonly ms: number }>>;
  /** Operators that took longest, of all kernels' time. */
  readonly shares: Readonly<Record<string, string>>;
  /** Operators that ran on the CPU. */
  readonly onCpu: readonly string[];
}

const LONGEST = 6;
/** Their time is that of the nodes inside them. */
const CONTAINERS: ReadonlySet<string> = new Set(["Loop", "If", "Scan"]);

/** Of the last run in the profile: those before it warm up. */
export function profileSummary(events: readonly ProfileEvent[]): ProfileSummary {
  const runs = events.filter(({ name }) => name === "model_run").map(({ ts = 0 }) => ts);
  const since = Math.max(...runs);
  const providers: Record<string, { kernels: number; ms: number }> = {};
  const byOperator = new Map<string, number>();
  const onCpu = new Set<string>();
  for (const { cat, name, ts = 0, dur = 0, args } of events) {
    const { op_name: op, provider } = args ?? {};
    if (cat !== "Node" || op === undefined || !provider || CONTAINERS.has(op)) continue;
    if (ts < since || name?.endsWith("_kernel_time") === false) continue;
    const of = (providers[provider] ??= { kernels: 0, ms: 0 });
    of.kernels++;
    of.ms += dur / 1000;
    byOperator.set(op, (byOperator.get(op) ?? 0) + dur / 1000);
    if (provider === "CPUExecutionProvider") onCpu.add(op);
  }
  const all = [...byOperator.values()].reduce((sum, ms) => sum + ms, 0);
  const longest = [...byOperator].toSorted((a, b) => b[1] - a[1]).slice(0, LONGEST);
  return {
    providers: Object.fromEntries(
      Object.entries(providers).map(([name, { kernels, ms }]) => [
        name,
        { kernels, ms: Math.round(ms * 10) / 10 },
      ]),
    ),
    shares: Object.fromEntries(
      longest.map(([op, ms]) => [op, `${((100 * ms) / all).toFixed(0)} %`]),
    ),
    onCpu: [...onCpu].toSorted(),
  };
}
