import { namedRequests } from "./named-requests.ts";
import { renderRequests, type RenderFlags } from "./render-requests.ts";
import type { ShortFlags } from "./short-request.ts";
import { quietTerminal, type Terminal } from "./terminal.ts";

export interface DreamFlags extends Partial<ShortFlags>, Omit<RenderFlags, "open"> {
  readonly open?: boolean;
}

export async function runDream(
  files: readonly string[],
  flags: DreamFlags,
  terminal: Terminal,
): Promise<void> {
  const shown = flags.quiet ? quietTerminal(terminal) : terminal;
  const requests = await namedRequests(files, flags, shown);
  await renderRequests(requests, { ...flags, open: flags.open ? "at the end" : "no" }, terminal);
}
