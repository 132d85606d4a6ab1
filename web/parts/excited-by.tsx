import type { ExamplesDocument, LayerDocument } from "../api/documents.ts";
import { signed } from "../components/contribution.ts";
import { several } from "../components/counted.ts";
import { CutOut } from "../components/cut-out.tsx";
import { Problems } from "../components/problems.tsx";
import { duration } from "../components/progress-bar.tsx";
import { useExamples } from "../state/use-examples.ts";

interface ExcitedByProps {
  readonly network: string;
  readonly layer: LayerDocument;
  /** 1-based. */
  readonly channel: number;
}

/** Whether the server has photographs to show. */
const hasDataset = () => document.documentElement.dataset["dataset"] === "true";

/** The photographs of this machine that excite a channel most, each where it does so. */
export function ExcitedBy(props: ExcitedByProps) {
  return hasDataset() ? <Examples {...props} /> : null;
}

function Examples({ network, layer, channel }: ExcitedByProps) {
  const { value, problems } = useExamples(network, layer.index, channel);
  const failed = value?.problem ? [value.problem] : [];
  return (
    <section class="excited-by" aria-label="Photographs that excite it">
      <h2>Photographs that excite it</h2>
      <Problems problems={[...problems, ...failed]} />
      <p class="quiet" role="status">
        {value === null ? "\u00a0" : inWords(value)}
      </p>
      {value?.state === "looking" && (
        <progress max={value.photographs} value={value.looked} aria-label="photographs looked at" />
      )}
      <ol class="tiles">
        {(value?.examples ?? []).map(({ photograph, name, image, activation, seen }) => (
          <li key={photograph}>
            <a href={image} target="_blank" title={name}>
              <CutOut key={image} src={image} text={name} seen={seen} />
            </a>
            <span class="quiet">{signed(activation)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** "Of 500 photographs the 9 that excite it most, each cut to what the channel sees there" */
function inWords({ state, looked, photographs, leftOut, secondsLeft, examples }: ExamplesDocument) {
  const left = secondsLeft === null ? "" : `, ${duration(secondsLeft)} left`;
  if (state === "looking")
    return `looked at ${looked} of ${several(photographs, "photograph")}${left}`;
  const isCut = examples.some(({ seen }) => seen !== null);
  return [
    `Of ${several(photographs - leftOut, "photograph")} those that excite it most`,
    isCut ? ", each cut to what the channel sees where it is strongest" : "",
    leftOut === 0 ? "" : `; ${leftOut} could not be read`,
  ].join("");
}
