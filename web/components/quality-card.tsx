import { Fragment } from "preact";

import type { ImageDocument } from "../api/documents.ts";
import { twoDigits } from "./counted.ts";

/** Percent; a softmax gives less than anybody can tell from nothing. */
const LEAST_TOLD = 0.001;

function percent(share: number): string {
  const value = share * 100;
  return value > 0 && value < LEAST_TOLD ? `under ${LEAST_TOLD} %` : `${twoDigits(value)} %`;
}

/** How far a picture can be trusted, in figures. */
export function QualityCard({ quality }: Pick<ImageDocument, "quality">) {
  const { luminanceDeviation, fineShare, source, selective, marks, redrawn } = quality;
  return (
    <>
      {marks.length > 0 && (
        <ul class="marks" aria-label="what the picture falls short of">
          {marks.map((mark) => (
            <li key={mark}>{mark}</li>
          ))}
        </ul>
      )}
      <dl class="figures">
        {source !== null && (
          <>
            <dt>activation as seen</dt>
            <dd>{source.activation.toPrecision(4)}</dd>
            {source.probability !== null && (
              <>
                <dt>probability</dt>
                <dd>{percent(source.probability)}</dd>
              </>
            )}
            <dt>rank in its layer</dt>
            <dd>{source.rank}</dd>
            <dt>robustness</dt>
            <dd>{source.robustness.toFixed(2)}</dd>
          </>
        )}
        {selective !== null && (
          <>
            <dt>selective</dt>
            <dd>{selective ? "yes" : "no: another channel answers more"}</dd>
          </>
        )}
        <dt>luminance deviation</dt>
        <dd>{luminanceDeviation.toFixed(3)}</dd>
        <dt>fine detail</dt>
        <dd>{percent(fineShare)}</dd>
        {redrawn && (
          <>
            <dt>picture</dt>
            <dd>the better of two seeds</dd>
          </>
        )}
      </dl>
      <details>
        <summary>What these say</summary>
        <dl class="figures">
          {MEANINGS.map(([figure, meaning]) => (
            <Fragment key={figure}>
              <dt>{figure}</dt>
              <dd>{meaning}</dd>
            </Fragment>
          ))}
        </dl>
      </details>
    </>
  );
}

/** For those who see such a card for the first time. */
const MEANINGS: readonly (readonly [figure: string, meaning: string])[] = [
  ["activation as seen", "of the channel, in the picture as it is shown"],
  ["probability", "that the network gives the picture to be of the class"],
  ["rank in its layer", "1: no other channel of the layer answers more to the picture"],
  ["robustness", "how well that stands small turns, shifts and changes of size; little: fragile"],
  ["selective", "yes: its own channel answers to the picture more than any other of the layer"],
  ["luminance deviation", "how much light and dark there is; little: washed out, or blank"],
  ["fine detail", "share of the picture that is as fine as noise; much: noisy"],
];
