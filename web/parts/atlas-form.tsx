import { useState } from "preact/hooks";

import { createAtlas } from "../api/client.ts";
import { Problems } from "../components/problems.tsx";
import { estimateInWords } from "../components/estimate.ts";
import { useDryRun } from "../state/use-dry-run.ts";
import { submitting, useSending } from "../state/use-sending.ts";

interface AtlasFormProps {
  readonly network: string;
  readonly onStarted: () => void;
}

const OFFERED = "1:16";

/** Draws the network layer by layer, once it has said what that takes. */
export function AtlasForm({ network, onStarted }: AtlasFormProps) {
  const [channels, setChannels] = useState(OFFERED);
  const { isBusy, problems: refused, send } = useSending();
  const request = { network, channels: channels.trim() };
  const { value: offer, problems: foreseen } = useDryRun(request, (asked) =>
    createAtlas({ ...asked, dryRun: true }),
  );
  const problems = foreseen.length > 0 ? foreseen : refused;
  const start = () =>
    send(async () => {
      await createAtlas(request);
      onStarted();
    });
  return (
    <form class="row render-form" onSubmit={submitting(start)}>
      <label class="row">
        <span class="quiet">Channels of each layer</span>
        <input
          value={channels}
          size={7}
          onInput={({ currentTarget }) => setChannels(currentTarget.value)}
        />
      </label>
      <button class="primary" type="submit" disabled={offer === null} aria-disabled={isBusy}>
        Render the atlas
      </button>
      <span class="quiet" aria-live="polite">
        {offer === null && problems.length === 0 && "estimating"}
        {offer !== null &&
          `${offer.layers.length} layers, ${offer.total} pictures: ${estimateInWords(offer.estimate)}`}
      </span>
      <Problems problems={problems} />
    </form>
  );
}
