import type { AnimationFormat } from "../../lib/image/formats.ts";
import { namedRequests } from "./named-requests.ts";
import type { NamedRequest, RenderFlags } from "./check-run.ts";
import type { ShortFlags } from "./short-request.ts";
import { quietTerminal, type Terminal } from "./terminal.ts";

export interface DreamFlags extends Partial<ShortFlags>, RenderFlags {
  readonly animate?: AnimationFormat;
  readonly dryRun?: boolean;
}

export async function runDream(
  files: readonly string[],
  flags: DreamFlags,
  terminal: Terminal,
): Promise<void> {
  const shown = flags.quiet ? quietTerminal(terminal) : terminal;
  const { animate } = flags;
  const load = async () => {
    if (flags.dryRun) return (await import("./dry-run.ts")).dryRun;
    return (await import("./render-requests.ts")).renderRequests;
  };
  const analyse: Terminal["analyse"] = (network) => {
    const analysing = terminal.analyse(network);
    // while another thread is at that
    void load();
    return analysing;
  };
  const given = await namedRequests(files, flags, { ...shown, analyse });
  const requests = animate === undefined ? given : given.map((named) => animated(named, animate));
  const render = await load();
  await render(requests, flags, terminal);
}

/** Another request, and so another job: what has been rendered without left no frames. */
function animated(named: NamedRequest, animation: AnimationFormat): NamedRequest {
  return { ...named, request: { ...named.request, animation } };
}
