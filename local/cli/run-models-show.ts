import { join } from "node:path";

import type { NetworkDescription } from "../../lib/networks/description.ts";
import { networkFolders } from "../../lib/networks/folders.ts";
import type { Layer } from "../../lib/networks/layers.ts";
import { filesOf } from "../../lib/networks/network-files.ts";
import { findModel, openNetwork, readLabels } from "../../lib/networks/registry.ts";
import { firstDescription } from "../../lib/networks/survey.ts";
import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import { checkGradients } from "./check-gradients.ts";
import { fetchNetwork } from "./network.ts";
import { table, type Terminal } from "./terminal.ts";

/** Tells what is known of a network; nothing is fetched for it. @throws NetworkError */
export async function showModel(id: string, terminal: Terminal): Promise<void> {
  const { env, print, reader } = terminal;
  const { folders, cacheFolder } = networkFolders(env);
  // an id is a folder's name and no path
  const described = /[/\\]/.test(id) ? null : await firstDescription(folders, id);
  // the path of a file, or nothing that is known
  const { description, notice } = described
    ? { description: described, notice: undefined }
    : await openNetwork(id, { folders, cacheFolder, reader });
  const { input, licence, labels, recipes = {} } = description;
  const found = await findModel(description, folders);
  const names = await readLabels(
    description,
    found?.path ?? join(cacheFolder, id, "model"),
    folders,
  );
  const facts: readonly (readonly [string, string])[] = [
    ["id", description.id],
    ["licence", licence],
    ["model", found?.path ?? (described ? "not fetched" : id)],
    ...description.files.flatMap((file) =>
      filesOf(file).map(
        ({ name, sha256, source }) =>
          [name, `SHA-256 ${sha256}${source === null ? "" : `, from ${source}`}`] as const,
      ),
    ),
    ["image", `'${input.name}', ${input.width}x${input.height}, ${input.channelOrder}`],
    ["pixels", `0..255, minus ${shown(input.mean)}, times ${shown(input.scale)}`],
    [
      "class names",
      labels === null ? "none" : `${labels}${names === null ? ", which is not there" : ""}`,
    ],
    ["recipes of its own", recipesIn(recipes)],
  ];
  for (const [name, value] of facts) print(`${name}: ${value}`);
  if (notice) print(notice);
}

/** `whole: {"preset":"vivid"}` */
function recipesIn(recipes: NonNullable<NetworkDescription["recipes"]>): string {
  const texts = Object.entries(recipes).map(
    ([role, fields]) => `${role} ${JSON.stringify(fields)}`,
  );
  return texts.join(", ") || "none";
}

/** To six digits: 103.53, not 103.53000000000002. */
const shown = (values: readonly number[]) =>
  values.map((value) => Number(value.toPrecision(6))).join(", ");

/**
 * Prints of each layer what of it can be rendered, or why nothing can.
 *
 * @throws NetworkError if none can be; ModelError if the model cannot be read
 */
export async function checkModel(id: string, terminal: Terminal): Promise<void> {
  const analysed = await terminal.analyse(await fetchNetwork(id, terminal));
  const { layers, problems } = analysed;
  terminal.print(
    table(
      ["", "Name", "Type", "Renders"],
      layers.map((layer) => [
        String(layer.index),
        layer.name,
        layer.quantised ? `${layer.type}, quantised` : layer.type,
        rendersOf(layer, problems),
      ]),
      [0],
    ),
  );
  const drawn = layers.filter(({ index }) => !problems.has(index)).length;
  const reach = checkGradients(analysed);
  terminal.print(`\n${drawn} of ${layers.length} layers can be rendered; ${reach}`);
}

function rendersOf(
  { index, channels, channelAxis }: Layer,
  problems: AnalysedNetwork["problems"],
): string {
  const problem = problems.get(index);
  if (problem !== undefined) return `no: ${problem}`;
  return `${channels} channels${channelAxis === 1 ? "" : ` along axis ${channelAxis}`}`;
}
