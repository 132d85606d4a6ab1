import { getChannelExamples } from "../api/client.ts";
import type { LayerDocument } from "../api/documents.ts";
import { signed } from "../components/contribution.ts";
import { CutOut } from "../components/cut-out.tsx";
import { hasDataset, useExamples } from "../state/use-examples.ts";
import { LookedAt } from "./looked-at.tsx";

interface ExcitedByProps {
  readonly network: string;
  readonly layer: LayerDocument;
  /** 1-based. */
  readonly channel: number;
}

/** The photographs of this machine that excite a channel most, each where it does so. */
export function ExcitedBy(props: ExcitedByProps) {
  return hasDataset() ? <Examples {...props} /> : null;
}

function Examples({ network, layer: { index }, channel }: ExcitedByProps) {
  const key = `${network}/${index}/${channel}`;
  const found = useExamples(key, () => getChannelExamples(network, index, channel));
  const { examples = [], address = "" } = found.value ?? {};
  const isCut = examples.some(({ seen }) => seen !== null);
  const cutTo = isCut
    ? ", each cut to what the channel sees where it is strongest: in the ring, or in the middle"
    : "";
  return (
    <section class="excited-by" aria-label="Photographs that excite it">
      <h2>Photographs that excite it</h2>
      <LookedAt of={found}>
        {examples.length === 0 ? "none excites it" : `those that excite it most${cutTo}`}
      </LookedAt>
      <ol class="tiles">
        {examples.map(({ photograph, name, activation, seen }) => (
          <li key={photograph}>
            <a href={`${address}/${photograph}`} target="_blank" title={name}>
              <CutOut src={`${address}/${photograph}`} text={name} seen={seen} />
            </a>
            <span class="quiet">{signed(activation)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
