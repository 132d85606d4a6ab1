import { join } from "node:path";

import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import type { CircuitLink } from "../../lib/pipeline/networks/circuit-schema.ts";
import { expandedWeights } from "../../lib/pipeline/explain/expanded-weights.ts";
import { namedCircuit } from "../../lib/pipeline/request/named-circuit.ts";
import { requestedLayer } from "../../lib/pipeline/request/requested-layer.ts";
import { suggestionsOf } from "../../lib/pipeline/request/suggestion.ts";
import type { DrawingFlags, NamedRequest } from "./check-run.ts";
import { circuitReport, type ShownCircuit } from "./circuit-report.ts";
import { writeCircuitSheet } from "./circuit-sheet.ts";
import { dryRun } from "./dry-run.ts";
import { checkNoFolders } from "./folders.ts";
import { asReference, openForCommand } from "./network.ts";
import { showFile } from "./open-in-viewer.ts";
import { renderRequests } from "./render-requests.ts";
import { printReport } from "./report.ts";
import { resultPaths } from "./result-paths.ts";
import { channelsRequest, sheetName } from "./short-request.ts";
import { quietTerminal, type Terminal } from "./terminal.ts";
import { NothingDrawnError } from "./user-errors.ts";

export interface CircuitFlags extends DrawingFlags {
  readonly layer: string;
  readonly channel: string;
  readonly from?: string;
  readonly top: number;
}

export async function runCircuit(
  idOrPath: string,
  flags: CircuitFlags,
  terminal: Terminal,
): Promise<void> {
  const shown = flags.quiet ? quietTerminal(terminal) : terminal;
  const network = await openForCommand(idOrPath, shown, flags);
  const circuit = await shownCircuit(network, flags);
  const own = circuit.label.replace(/^#/, "");
  const further = flags.from === undefined ? "" : `-from-${flags.from}`;
  const name = sheetName(idOrPath, `${circuit.layer.name}-${own}${further}`);
  const out = join(flags.out, `${name}.circuit.png`);
  await checkNoFolders([out]);
  printReport(circuitReport(circuit), { kind: "circuit", request: name }, flags, terminal);

  const drawn = requestsFor(name, idOrPath, network, circuit);
  const requests = [...drawn.values()];
  if (flags.dryRun) return dryRun(requests, flags, terminal);
  const empty = await renderRequests(requests, { ...flags, open: false }, terminal).then(
    () => null,
    nothingDrawn,
  );
  await writeCircuitSheet(out, circuit, (layer) => {
    const request = drawn.get(layer);
    const isDrawn = request && empty?.requests.includes(request.name) !== true;
    return isDrawn ? resultPaths(flags.out, request.name).manifest : null;
  });
  terminal.note(`${out}  (the channel, and what it is made of)`);
  if (flags.open) await showFile(out, terminal);
  if (empty !== null) throw empty;
}

/** Where no channel of one layer can be drawn, those of the others are shown nonetheless. */
function nothingDrawn(error: unknown): NothingDrawnError {
  if (error instanceof NothingDrawnError) return error;
  throw error;
}

/** Of all sources the strongest of both kinds. */
async function shownCircuit(
  network: AnalysedNetwork,
  { layer, channel, from, top }: CircuitFlags,
): Promise<ShownCircuit> {
  const asked = { layer: asReference(layer), channel: asReference(channel) };
  const circuit =
    from === undefined
      ? namedCircuit(network, asked)
      : await expandedWeights(network, { ...asked, from: asReference(from) });
  const strongest = (isWanted: (source: CircuitLink) => boolean) =>
    circuit.sources.filter(isWanted).slice(0, top);
  return {
    ...circuit,
    exciting: strongest(({ sum }) => sum > 0),
    inhibiting: strongest(({ sum }) => sum < 0),
  };
}

/** What draws the channel and its sources: a request for each layer that can be drawn. */
function requestsFor(
  name: string,
  idOrPath: string,
  network: AnalysedNetwork,
  { layer, channel, exciting, inhibiting }: ShownCircuit,
): ReadonlyMap<number, NamedRequest> {
  const suggestionOf = suggestionsOf(network);
  const wanted = new Map([[layer.index, new Set([channel])]]);
  for (const source of [...exciting, ...inhibiting]) {
    const { index } = source.layer;
    wanted.set(index, (wanted.get(index) ?? new Set()).add(source.channel));
  }
  const requests = new Map<number, NamedRequest>();
  for (const [index, channels] of wanted) {
    if (index === 1 || network.problems.has(index)) continue;
    const of = requestedLayer({ layer: index }, network);
    const drawn = {
      name: `${name}.layer-${index}`,
      title: `${of.name}, for ${name}`,
      network: idOrPath,
      layer: of,
      channels: [...channels],
    };
    requests.set(index, channelsRequest(drawn, suggestionOf(of)));
  }
  return requests;
}
