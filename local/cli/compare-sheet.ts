import type { Planes } from "../../lib/image/raster.ts";
import { readPicture } from "../../lib/image/user-file.ts";
import { NetworkNotFoundError } from "../../lib/networks/errors.ts";
import { isOnnxPath } from "../../lib/networks/foreign-format.ts";
import type { NetworkInput } from "../../lib/networks/network-input.ts";
import type { Network } from "../../lib/networks/registry.ts";
import type { AscentEngine } from "../../lib/optvis/ascent/engine.ts";
import { shownPlanes } from "../../lib/optvis/ascent/network-planes.ts";
import { channelMeans, type Viewer } from "../../lib/optvis/quality/examine.ts";
import {
  lookAtPhotographs,
  type PhotographViewer,
  type SeenPhoto,
} from "../../lib/pipeline/dataset/look-at-photographs.ts";
import { imagesIn, photographOf } from "../../lib/pipeline/dataset/photographs.ts";
import { requestedLayer } from "../../lib/pipeline/request/requested-layer.ts";
import {
  compareChannels,
  comparisonReport,
  type Photo,
  type ShownPicture,
} from "./judge-report.ts";
import { showLooking } from "./look-at-photographs.ts";
import { fetchNetwork } from "./network.ts";
import { writePhotoSheet } from "./photo-sheet.ts";
import type { Report } from "./report.ts";
import type { SheetPictures } from "./sheet-pictures.ts";
import type { Terminal } from "./terminal.ts";
import { WorkBar } from "./time-left.ts";
import { UsageError } from "./user-errors.ts";

export interface CompareFlags {
  readonly photos?: string;
  readonly network?: string;
  readonly out?: string;
}

/** Compares a sheet's pictures, on their own channels, with each other and with photographs. */
export async function compareSheet(
  engine: AscentEngine,
  sheet: SheetPictures,
  { photos, network: named, out }: CompareFlags,
  terminal: Terminal,
): Promise<Report> {
  const own = await terminal.analyse(await openOwn(named ?? null, sheet, terminal));
  if (own.layers[sheet.layer - 1] === undefined) {
    throw new UsageError(
      `--network: the sheet is of layer ${sheet.layer}; '${own.description.id}' has ${own.layers.length} layers`,
    );
  }
  const layer = requestedLayer(sheet, own);
  const shown = sheet.pictures.flatMap(({ raised, path, ...picture }) =>
    path === null || raised === null ? [] : [{ ...picture, raised, path }],
  );
  if (out !== undefined && shown.length === 0) {
    throw new UsageError(`--out ${out}: no picture of the sheet raises a single channel`);
  }
  const highest = Math.max(0, ...shown.map(({ raised }) => raised));
  if (highest > layer.channels) {
    throw new UsageError(
      `--network: layer '${layer.name}' of '${own.description.id}' has ${layer.channels} channels; the sheet has a picture of channel ${highest}`,
    );
  }
  const viewer: Viewer = { network: own.model, layer, provider: "cpu" };
  const activationsIn = async (at: AscentEngine, planes: Planes) =>
    (await channelMeans(at, viewer, planes))[0]!;
  const pictures: ShownPicture[] = [];
  {
    using bar = new WorkBar(terminal, "comparing", shown.length);
    for (const picture of shown) {
      const seen = await readPicture(picture.path);
      const planes = await shownPlanes(seen, own.model, own.model.inputSize);
      pictures.push({ ...picture, activations: await activationsIn(engine, planes) });
      bar.show(pictures.length);
    }
  }
  const ofPhotos =
    photos === undefined ? [] : await activationsInPhotos(photos, own, activationsIn, terminal);
  const compared = compareChannels(pictures, ofPhotos);
  if (out !== undefined) {
    await writePhotoSheet(out, pictures, compared, layer.name);
    terminal.note(`${out}: each picture, and the photographs that excite its channel most`);
  }
  const left = sheet.pictures.length - pictures.length;
  return comparisonReport(compared, { left, photos: ofPhotos.length });
}

async function activationsInPhotos(
  folder: string,
  own: PhotographViewer,
  activationsIn: (engine: AscentEngine, planes: Planes) => Promise<Float32Array>,
  terminal: Terminal,
): Promise<readonly Photo[]> {
  const paths = await imagesIn(folder);
  const look = async ({ photograph, engine, planes }: SeenPhoto): Promise<Photo> => {
    return { path: paths[photograph]!, activations: await activationsIn(engine, planes) };
  };
  const { seen } = await showLooking(paths.length, terminal, (looking) =>
    lookAtPhotographs(paths.map(photographOf), own, looking, look),
  );
  return seen;
}

/**
 * The network that a sheet is of; one that is given by its path wants pixels as it did then.
 *
 * @param named in place of what the manifest says
 */
async function openOwn(
  named: string | null,
  { network, input }: SheetPictures,
  terminal: Terminal,
): Promise<Network> {
  const idOrPath = named ?? network;
  const isPath = isOnnxPath(idOrPath);
  const constants = isPath ? input?.constants : undefined;
  try {
    const opened = await fetchNetwork(idOrPath, terminal, { constants });
    if (input === null) return opened;
    checkPlanes(input, opened.description);
    if (!isPath) return opened;
    return { ...opened, description: { ...opened.description, input } };
  } catch (error) {
    if (named !== null || !(error instanceof NetworkNotFoundError)) throw error;
    throw new UsageError(`the sheet is of '${network}', which is not here; give it with --network`);
  }
}

/** Pictures show a network's planes, of which another would see something else. */
function checkPlanes(ofSheet: NetworkInput, { id, input }: Network["description"]): void {
  const [shown, wanted] = [planesOf(ofSheet), planesOf(input)];
  if (shown === wanted) return;
  throw new UsageError(
    `--network: the sheet's pictures are of ${shown}; the images of '${id}' have ${wanted}`,
  );
}

function planesOf({ channelOrder, mean }: NetworkInput): string {
  if (channelOrder !== "planes") return "red, green and blue";
  return mean.length === 1 ? "one plane" : `${mean.length} planes that are no colours`;
}
