import { listNetworks, tileAddress } from "../api/client.ts";
import type { JobSummary, NetworkDocument } from "../api/documents.ts";
import { several } from "../components/counted.ts";
import { Looking } from "../components/looking.tsx";
import { Problems } from "../components/problems.tsx";
import { DropZone } from "../parts/drop-zone.tsx";
import { address } from "../state/router.ts";
import { useJobs } from "../state/use-jobs.ts";
import { useResource } from "../state/use-resource.ts";

/** The networks there are, each with some of its pictures. */
export function NetworksPage() {
  const networks = useResource("networks", listNetworks);
  const jobs = useJobs();
  const found = networks.value?.networks ?? [];
  return (
    <>
      <h1>Networks</h1>
      <DropZone />
      <Problems problems={[...networks.problems, ...(networks.value?.problems ?? [])]} />
      <Looking at={networks}>looking for networks</Looking>
      <ul class="cards">
        {found.map((network) => (
          <li key={network.id}>
            <NetworkCard
              network={network}
              jobs={(jobs.value ?? []).filter((job) => job.network === network.id)}
            />
          </li>
        ))}
      </ul>
    </>
  );
}

/** Pictures of a card: as many as fill it without a gap. */
const CARD_PICTURES: readonly number[] = [6, 3, 2, 1];

/**
 * Addresses of pictures: the first of each job, then the second of each.
 *
 * @param jobs newest first
 */
function picturesOf(jobs: readonly JobSummary[]): readonly string[] {
  const rounds = Array.from({ length: Math.max(...CARD_PICTURES) }, (_, i) =>
    jobs.flatMap(({ jobId, pictures }) => {
      const channel = pictures[i];
      return channel === undefined ? [] : [tileAddress(jobId, channel)];
    }),
  );
  const found = rounds.flat();
  return found.slice(0, CARD_PICTURES.find((count) => count <= found.length) ?? 0);
}

interface NetworkCardProps {
  readonly network: NetworkDocument;
  readonly jobs: readonly JobSummary[];
}

function NetworkCard({ network: { id, licence, input }, jobs }: NetworkCardProps) {
  const pictures = picturesOf(jobs);
  const count = several(jobs.length, "job");
  return (
    <a class="card" href={address.network(id)}>
      <span class={`card-pictures of-${pictures.length}`}>
        {pictures.map((src) => (
          <img key={src} src={src} alt="" />
        ))}
        {pictures.length === 0 && <span class="card-note quiet">no pictures yet</span>}
      </span>
      <span class="card-name">{id}</span>
      <span class="quiet">
        {input.width} × {input.height}, {jobs.length === 0 ? "no jobs" : count}
      </span>
      <span class="quiet card-licence">{licence === "unknown" ? "licence unknown" : licence}</span>
    </a>
  );
}
