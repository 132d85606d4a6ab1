import { useState } from "preact/hooks";

import { createJob } from "../api/client.ts";
import type { LayerDocument } from "../api/documents.ts";
import { Problems } from "../components/problems.tsx";
import { formatChannels, parseChannels } from "../state/channels.ts";
import type { Recipe } from "../state/recipe.ts";
import { address } from "../state/router.ts";
import { writtenOf } from "../state/schema.ts";
import { submitting, useSending } from "../state/use-sending.ts";
import { RenderEstimate } from "./render-estimate.tsx";

interface RenderFormProps {
  readonly network: string;
  readonly layer: LayerDocument;
  /** What new pictures are drawn with; `null`: the API's defaults. */
  readonly recipe: Recipe | null;
  /** Channels that are offered, in order: nobody has asked for them yet, or they were cancelled. */
  readonly missing: readonly number[];
  /** Whether there is a channel that neither has a picture nor waits for one. */
  readonly canDrawAll: boolean;
  readonly onStarted: () => void;
}

/** Channels offered at once, as a sheet of MATLAB's example has them. */
const OFFERED = 36;

/** Draws some or all channels of a layer. */
export function RenderForm({ network, layer, recipe, missing, ...props }: RenderFormProps) {
  const { canDrawAll, onStarted } = props;
  const [written, setWritten] = useState<string | null>(null);
  const { isBusy, problems, forget, send } = useSending();
  const offered = formatChannels(missing.slice(0, OFFERED));
  const text = written ?? offered;
  const isEmpty = text.trim() === "";
  const requestOf = (channels: unknown) => {
    return { ...recipe?.fields, network, layer: layer.index, channels };
  };
  const start = (channels: unknown) =>
    send(async () => {
      await createJob(requestOf(channels));
      setWritten(null);
      onStarted();
    });
  return (
    <form class="row render-form" onSubmit={submitting(() => start(parseChannels(text)))}>
      <label class="row">
        <span class="quiet">Channels</span>
        <input
          value={text}
          size={12}
          // what is offered changes as pictures arrive, but not under somebody's hands
          onFocus={() => setWritten(text)}
          onBlur={() => written === offered && setWritten(null)}
          onInput={({ currentTarget }) => {
            setWritten(currentTarget.value);
            forget();
          }}
        />
      </label>
      {/* one that is disabled would lose the focus */}
      <button class="primary" type="submit" disabled={isEmpty} aria-disabled={isBusy}>
        Render these
      </button>
      {layer.channels !== 1 && (
        <button
          type="button"
          disabled={!canDrawAll}
          aria-disabled={isBusy}
          onClick={() => void start("all")}
        >
          Render all {layer.channels}
        </button>
      )}
      <a
        href={address.request({
          network,
          layer: layer.name,
          ...(isEmpty ? {} : { channels: text.trim() }),
          ...writtenOf(recipe?.fields ?? {}),
        })}
      >
        More options
      </a>
      <Problems problems={problems} />
      <RenderEstimate
        these={isEmpty || problems.length > 0 ? null : [requestOf(parseChannels(text))]}
        all={canDrawAll ? requestOf("all") : null}
      />
    </form>
  );
}
