/** Addresses of the API's resources, relative to the host. */
export const jobLink = (basePath: string, jobId: string) => `${basePath}/jobs/${jobId}`;

export function channelPageLink(
  basePath: string,
  jobId: string,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): string {
  return `${jobLink(basePath, jobId)}?offset=${offset}&limit=${limit}`;
}

export function jobPageLink(
  basePath: string,
  { after, limit }: { readonly after: string; readonly limit: number },
): string {
  return `${basePath}/jobs?after=${after}&limit=${limit}`;
}

export const classesLink = (basePath: string, networkId: string) =>
  `${basePath}/networks/${networkId}/classes`;

export const layersLink = (basePath: string, networkId: string) =>
  `${basePath}/networks/${networkId}/layers`;
