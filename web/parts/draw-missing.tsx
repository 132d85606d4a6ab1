import { createJob } from "../api/client.ts";
import type { LayerDocument } from "../api/documents.ts";
import { Problems } from "../components/problems.tsx";
import { isUndrawn, type LayerPictures, pictureOf } from "../state/layer-pictures.ts";
import { suggestedRecipe } from "../state/recipe.ts";
import { useSending } from "../state/use-sending.ts";
import { RenderEstimate } from "./render-estimate.tsx";
import { RunningJobs } from "./running-jobs.tsx";

/** Channels of a layer whose pictures are looked at. */
interface Wanted {
  readonly layer: LayerDocument;
  /** Of the layer. */
  readonly pictures: LayerPictures;
  /** 1-based. */
  readonly channels: readonly number[];
}

interface DrawMissingProps {
  readonly network: string;
  readonly wanted: readonly Wanted[];
}

/** Draws those that have no picture and wait for none, each as its layer is best drawn. */
export function DrawMissing({ network, wanted }: DrawMissingProps) {
  const { isBusy, problems, send } = useSending();
  const isLoaded = wanted.every(({ pictures }) => pictures.isLoaded);
  const requests = wanted
    .filter(({ layer }) => layer.renderable)
    .map(({ layer, pictures, channels }) => ({
      ...suggestedRecipe(layer)?.fields,
      network,
      layer: layer.index,
      channels: channels
        .filter((channel) => isUndrawn(pictureOf(pictures, channel)))
        .toSorted((a, b) => a - b),
    }))
    .filter(({ channels }) => channels.length > 0);
  const missing = requests.reduce((sum, { channels }) => sum + channels.length, 0);
  const draw = () =>
    send(async () => {
      for (const request of requests) await createJob(request);
      for (const { pictures } of wanted) pictures.reload();
    });
  const undrawable = wanted.flatMap(({ layer: { problem } }) =>
    problem === null ? [] : [problem],
  );
  return (
    <div class="row draw-missing" aria-busy={!isLoaded}>
      {isLoaded && missing > 0 && (
        <>
          <button class="primary" type="button" aria-disabled={isBusy} onClick={() => void draw()}>
            Draw the missing {missing === 1 ? "picture" : `${missing} pictures`}
          </button>
          <RenderEstimate these={requests} all={null} />
        </>
      )}
      <Problems problems={[...undrawable, ...problems]} />
      <RunningJobs jobs={wanted.flatMap(({ pictures }) => pictures.jobs)} />
    </div>
  );
}
