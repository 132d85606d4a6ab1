/** Addresses of the API's resources, relative to the host. */
export const jobLink = (basePath: string, jobId: string) => `${basePath}/jobs/${jobId}`;

export const atlasLink = (basePath: string, name: string) => `${basePath}/atlases/${name}`;

export function channelPageLink(
  basePath: string,
  jobId: string,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): string {
  return `${jobLink(basePath, jobId)}?offset=${offset}&limit=${limit}`;
}

/** What a page of the jobs is asked for with. */
export interface JobPageQuery {
  readonly after: string;
  readonly limit: number;
  readonly network?: string | undefined;
  readonly layer?: number | undefined;
}

export function jobPageLink(basePath: string, query: JobPageQuery): string {
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
