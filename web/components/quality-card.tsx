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
    </>
  );
}
