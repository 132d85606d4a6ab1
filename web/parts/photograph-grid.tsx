import { getLayerExamples } from "../api/client.ts";
import type { LayerDocument } from "../api/documents.ts";
import { CutOut } from "../components/cut-out.tsx";
import { tileName } from "../components/tile.tsx";
import { useExamples } from "../state/use-examples.ts";
import { LookedAt } from "./looked-at.tsx";

interface PhotographGridProps {
  readonly network: string;
  readonly layer: LayerDocument;
  /** 1-based, in order. */
  readonly channels: readonly number[];
  readonly labelOf: (channel: number) => string | null;
  readonly hrefOf: (channel: number) => string;
}

/** Channels side by side, each as the photograph of this machine that excites it most. */
export function PhotographGrid({ network, layer, ...shown }: PhotographGridProps) {
  const { channels, labelOf, hrefOf } = shown;
  const { index } = layer;
  const found = useExamples(`${network}/${index}`, () => getLayerExamples(network, index));
  const { examples = [], address = "" } = found.value ?? {};
  return (
    <div class="photograph-grid">
      <LookedAt of={found}>the one that excites each channel most</LookedAt>
      <ol class="tiles many">
        {channels.map((channel) => {
          const label = labelOf(channel);
          const example = examples[channel - 1] ?? null;
          const text = `${tileName({ channel, label })}, ${example?.name ?? "no photograph"}`;
          return (
            <li key={channel}>
              <a class="tile" href={hrefOf(channel)} title={label ?? undefined}>
                {example === null ? (
                  <span class="cut-out">
                    <span class="unseen">{text}</span>
                  </span>
                ) : (
                  <CutOut
                    src={`${address}/${example.photograph}`}
                    text={text}
                    seen={example.seen}
                  />
                )}
                <span class="tile-caption" aria-hidden="true">
                  <span>{channel}</span>
                  {label !== null && <span class="label">{label}</span>}
                </span>
              </a>
            </li>
          );
        })}
      </ol>
    </div>
  );
}
