import * as z from "zod";

import type { ObjectStore } from "../../storage/object-store.ts";
import { encodeJson, findJson, JSON_TYPE } from "../json.ts";
import { atlasKey, atlasRequestKey } from "../keys.ts";
import { chooseJobId, requestHash } from "../job/job-id.ts";
import type { AtlasSheet } from "./plan-atlas.ts";

const atlasSchema = z.strictObject({
  version: z.literal(1),
  name: z.string(),
  network: z.string(),
  createdAt: z.iso.datetime(),
  /** When its jobs were told to stop, those too that there were not yet. @default they were not */
  cancelledAt: z.iso.datetime().optional(),
  /** In the network's order. */
  layers: z.array(
    z.strictObject({
      index: z.int().min(1),
      name: z.string(),
      jobId: z.string(),
      total: z.int().min(1),
    }),
  ),
});
/** A network drawn layer by layer: one job for each of its layers, under one name. */
export type Atlas = z.infer<typeof atlasSchema>;

/** A new atlas of these sheets. */
export function atlasOf(
  { name, network, createdAt }: Pick<Atlas, "name" | "network" | "createdAt">,
  sheets: readonly AtlasSheet[],
): Atlas {
  const layers = sheets.map(({ layer, resolved }) => ({
    index: layer.index,
    name: layer.name,
    // what the intake will find too: the id follows from the request
    jobId: chooseJobId(requestHash(resolved), null),
    total: resolved.channels.length,
  }));
  return { version: 1, name, network, createdAt, layers };
}

/**
 * Keeps an atlas, and puts a request for each of its layers into the drop zone, where the intake
 * makes them jobs. Begun again, those jobs go on.
 */
export async function beginAtlas(
  store: ObjectStore,
  atlas: Atlas,
  sheets: readonly AtlasSheet[],
): Promise<void> {
  // first: whoever finds a job of it finds what it is part of
  await writeAtlas(store, atlas);
  for (const { layer, request } of sheets) {
    await store.put(atlasRequestKey(atlas.name, layer.index), encodeJson(request), JSON_TYPE);
  }
}

/** Writes an atlas, in place of what is there under its name. */
export async function writeAtlas(store: ObjectStore, atlas: Atlas): Promise<void> {
  await store.put(atlasKey(atlas.name), encodeJson(atlas), JSON_TYPE);
}

/** `null` if there is none of that name. @throws DamagedObjectError */
export function findAtlas(store: ObjectStore, name: string): Promise<Atlas | null> {
  return findJson(store, atlasKey(name), atlasSchema);
}
