import type * as z from "zod";

import type { channelPageSchema, jobPageSchema } from "./input-schemas.ts";

/** Addresses of the API's resources, relative to the host. */
export const jobLink = (basePath: string, jobId: string) => `${basePath}/jobs/${jobId}`;

export const atlasLink = (basePath: string, name: string) => `${basePath}/atlases/${name}`;

export const explanationLink = (basePath: string, id: string) => `${basePath}/explanations/${id}`;

export function channelPageLink(
  basePath: string,
  jobId: string,
  { offset, limit }: z.output<typeof channelPageSchema>,
): string {
  return `${jobLink(basePath, jobId)}?offset=${offset}&limit=${limit}`;
}

export function jobPageLink(basePath: string, query: z.output<typeof jobPageSchema>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const values = given.map(([name, value]): [string, string] => [name, String(value)]);
  return `${basePath}/jobs?${new URLSearchParams(values).toString()}`;
}

export const classesLink = (basePath: string, networkId: string) =>
  `${basePath}/networks/${networkId}/classes`;

export const layersLink = (basePath: string, networkId: string) =>
  `${basePath}/networks/${networkId}/layers`;

/** @param after index of a layer */
export const layerPageLink = (basePath: string, networkId: string, after: number) =>
  `${layersLink(basePath, networkId)}?after=${after}`;
