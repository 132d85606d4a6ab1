import { listNetworks, tileAddress } from "../api/client.ts";
import type { JobSummary, NetworkDocument } from "../api/documents.ts";
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

interface NetworkCardProps {
  readonly network: NetworkDocument;
  readonly jobs: readonly JobSummary[];
}

function NetworkCard({ network: { id, licence, input }, jobs }: NetworkCardProps) {
  const pictured = jobs.find(({ pictures }) => pictures.length > 0);
  const count = jobs.length === 1 ? "1 job" : `${jobs.length} jobs`;
  return (
    <a class="card" href={address.network(id)}>
      <span class="card-pictures">
        {pictured?.pictures.map((channel) => (
          <img key={channel} src={tileAddress(pictured.jobId, channel)} alt="" />
        ))}
        {pictured === undefined && <span class="card-note quiet">no pictures yet</span>}
      </span>
      <span class="card-name">{id}</span>
      <span class="quiet">
        {input.width} × {input.height}, {jobs.length === 0 ? "no jobs" : count}
      </span>
      <span class="quiet card-licence">{licence}</span>
    </a>
  );
}
