import type { LayerDocument } from "../api/documents.ts";
import { several } from "../components/counted.ts";
import { Problems } from "../components/problems.tsx";
import { findChannels } from "../state/channels.ts";
import { useKept } from "../state/kept.ts";
import { isOffered, isUndrawn, picturesOf, useLayerPictures } from "../state/layer-pictures.ts";
import { hasEnded } from "../state/news.ts";
import { address } from "../state/router.ts";
import { hasDataset } from "../state/use-examples.ts";
import { useLabels } from "../state/use-labels.ts";
import { LayerGrid } from "./layer-grid.tsx";
import { PhotographGrid } from "./photograph-grid.tsx";
import { chosenRecipe, RecipeSelect, useRecipes } from "./recipe-select.tsx";
import { RenderForm } from "./render-form.tsx";
import { RunningJobs } from "./running-jobs.tsx";

export interface LayerPaneProps {
  readonly network: string;
  readonly layer: LayerDocument;
  /** Id of the recipe shown; `null`: the newest, or what is suggested. */
  readonly recipeId: string | null;
  readonly onRecipe: (id: string) => void;
}

/** Channels that are seen at a glance. */
const FEW_CHANNELS = 36;

/** A layer's channels in one recipe, and what draws more of them. */
export function LayerPane({ network, layer, recipeId, onRecipe }: LayerPaneProps) {
  const { jobs, targetJobs, recipes: drawn, ...rest } = useLayerPictures(network, layer.index);
  const { problems, isLoaded, reload } = rest;
  const newestOfTargets = targetJobs.find(hasEnded);
  const recipes = useRecipes(drawn, layer, isLoaded);
  const recipe = chosenRecipe(recipes, recipeId);
  const pictures = picturesOf(jobs, recipe);
  const labelOf = useLabels(network, layer);
  const count = layer.channels ?? 0;
  const channels = Array.from({ length: count }, (_, i) => i + 1);
  const [wanted, setWanted] = useKept(`find ${network}/${layer.index}`, "");
  const found = findChannels(channels, wanted, labelOf);
  const [isOfPhotographs, showPhotographs] = useKept(
    `photographs ${network}/${layer.index}`,
    false,
  );
  const size = jobs[0]?.tileSize ?? { width: 1, height: 1 };
  const hrefOf = (channel: number) =>
    address.channel(network, layer.name, channel, { recipe: recipeId });
  return (
    <div class="pane">
      <div class="row tools">
        <Problems problems={problems} />
        <RecipeSelect
          {...recipes}
          layer={layer}
          called={recipeId}
          shown={recipe}
          onRecipe={onRecipe}
        />
        <RenderForm
          network={network}
          layer={layer}
          recipe={recipe}
          // while it is not known what there is, nothing can be asked for
          missing={isLoaded ? found.filter((channel) => isOffered(pictures.get(channel))) : []}
          canDrawAll={isLoaded && channels.some((channel) => isUndrawn(pictures.get(channel)))}
          onStarted={reload}
        />
      </div>
      <div class="over-grid">
        {/* there without a job too, so that nothing moves when one begins or ends */}
        <div class="running" aria-busy={!isLoaded}>
          <RunningJobs jobs={[...jobs, ...targetJobs]} />
          {newestOfTargets !== undefined && (
            <p>
              <a href={address.job(newestOfTargets.jobId)}>
                {several(newestOfTargets.total, "image")} of targets
              </a>
            </p>
          )}
        </div>
        {count > FEW_CHANNELS && (
          <div class="row find">
            <label class="row">
              <span class="quiet">Find</span>
              <input
                type="search"
                size={16}
                placeholder="number or class"
                value={wanted}
                onInput={({ currentTarget }) => setWanted(currentTarget.value)}
              />
            </label>
            <span class="quiet" role="status">
              {found.length < count && `${found.length} of ${count}`}
            </span>
          </div>
        )}
        {hasDataset() && (
          <button
            type="button"
            aria-pressed={isOfPhotographs}
            onClick={() => showPhotographs(!isOfPhotographs)}
          >
            Photographs
          </button>
        )}
      </div>
      {isOfPhotographs && hasDataset() ? (
        <PhotographGrid {...{ network, layer, labelOf, hrefOf }} channels={found} />
      ) : (
        <LayerGrid {...{ pictures, labelOf, size, hrefOf }} channels={found} />
      )}
    </div>
  );
}
