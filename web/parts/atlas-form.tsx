import { useEffect, useState } from "preact/hooks";

import { createAtlas, problemsOf } from "../api/client.ts";
import type { AcceptedAtlas } from "../api/documents.ts";
import { Problems } from "../components/problems.tsx";
import { estimateInWords } from "../components/estimate.ts";
import { useSending } from "../state/use-sending.ts";

interface AtlasFormProps {
  readonly network: string;
  readonly onStarted: () => void;
}

const OFFERED = "1:16";
/** While somebody is writing, nothing is asked. */
const QUIET_MS = 400;

/** Draws the network layer by layer, once it has said what that takes. */
export function AtlasForm({ network, onStarted }: AtlasFormProps) {
  const [channels, setChannels] = useState(OFFERED);
  const [offer, setOffer] = useState<AcceptedAtlas | null>(null);
  const { isBusy, problems, setProblems, send } = useSending();
  useEffect(() => {
    let isOld = false;
    setOffer(null);
    const timer = setTimeout(() => {
      createAtlas({ network, channels: channels.trim(), dryRun: true }).then(
        (answer) => !isOld && (setOffer(answer), setProblems([])),
        (error: unknown) => !isOld && setProblems(problemsOf(error)),
      );
    }, QUIET_MS);
    return () => {
      isOld = true;
      clearTimeout(timer);
    };
  }, [network, channels]);
  const start = () =>
    send(async () => {
      await createAtlas({ network, channels: channels.trim() });
      onStarted();
    });
  return (
    <form
      class="row render-form"
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
    >
      <label class="row">
        <span class="quiet">Channels of each layer</span>
        <input
          value={channels}
          size={7}
          onInput={({ currentTarget }) => setChannels(currentTarget.value)}
        />
      </label>
      <button class="primary" type="submit" disabled={isBusy || offer === null}>
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
