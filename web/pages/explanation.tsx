import { useEffect, useState } from "preact/hooks";

import { createExplanation, photographAddress, pixelsAddress } from "../api/client.ts";
import type { ExplanationDocument, ExplanationFigures } from "../api/documents.ts";
import { percent } from "../components/contribution.ts";
import { type SmallPhotograph, smallPhotograph } from "../components/lit-photograph.tsx";
import { Looking } from "../components/looking.tsx";
import { Problems } from "../components/problems.tsx";
import { AskWhy } from "../parts/ask-why.tsx";
import { Path } from "../parts/path.tsx";
import { Places } from "../parts/places.tsx";
import { AskOtherwise, type OtherQuestion, SeenClasses } from "../parts/seen-classes.tsx";
import { SpeakingChannels } from "../parts/speaking-channels.tsx";
import { useKept } from "../state/kept.ts";
import { useLayerPictures } from "../state/layer-pictures.ts";
import { address } from "../state/router.ts";
import { useExplanation } from "../state/use-explanation.ts";
import { useSending } from "../state/use-sending.ts";

/** Why a network sees a class in a photograph: by which channels of a layer, and where. */
export function ExplanationPage({ id }: { readonly id: string }) {
  const question = useExplanation(id);
  const { value, last, wait, reload } = question;
  const figures = last?.explanation ?? null;
  // each time, as a new address has brought a title without words
  useEffect(() => {
    if (figures !== null)
      document.title = `Why ${figures.class.label} · ${last!.network} · dreamgrid`;
  });
  const { isBusy, problems: refused, send } = useSending();
  /** The same but for what is given. */
  const ask = (other: OtherQuestion) =>
    send(async () => {
      if (value === null) return;
      const { network, image, layer, pixels } = value;
      // by its number: names need not be unique
      const known = { class: figures?.class.channel ?? value.class, layer, pixels };
      const asked = Object.entries({ ...known, ...other }).filter(([, given]) => given !== null);
      const next = await createExplanation({ network, image, ...Object.fromEntries(asked) });
      if (next.id === id) reload();
      location.hash = address.explanation(next.id);
    });
  const problems = [...question.problems, ...refused, ...(value?.problems ?? [])];
  return (
    <>
      <div class="heading">
        <div>
          {value !== null && <Path network={value.network} />}
          <h1>{headingOf(last)}</h1>
        </div>
        {value !== null && (
          <AskWhy key={id} network={value.network} hint="or drop one anywhere">
            Another photograph
          </AskWhy>
        )}
      </div>
      <Problems problems={problems} />
      {value?.retryable === true && (
        <div class="row">
          <button
            type="button"
            aria-disabled={isBusy}
            onClick={() => void ask({ class: value.class, layer: value.layer })}
          >
            Ask again
          </button>
        </div>
      )}
      <Looking at={question}>looking for the explanation</Looking>
      {value !== null && (
        <Explained key={`${value.network} ${value.image}`} {...{ value, last, isBusy, ask }}>
          {wait === "long" && value.pixels !== null ? AT_PIXELS : WAITING[wait]}
        </Explained>
      )}
    </>
  );
}

const WAITING = {
  none: "",
  short: "computing it, which takes seconds",
  long: "waiting for a worker: all may be busy with pictures",
} as const;
const AT_PIXELS = "looking at its pixels, or waiting for a worker";

/** "Why snail 81 %" */
function headingOf(explanation: ExplanationDocument | null) {
  const of = explanation?.explanation?.class;
  if (of === undefined) return "Why it sees what it sees";
  return (
    <>
      Why {of.label}
      {of.probability !== null && <span class="quiet"> {percent(of.probability)}</span>}
    </>
  );
}

interface ExplainedProps {
  readonly value: ExplanationDocument;
  /** The last that was done. */
  readonly last: ExplanationDocument | null;
  readonly isBusy: boolean;
  readonly ask: (question: OtherQuestion) => Promise<void>;
  /** What is being waited for. */
  readonly children: string;
}

interface ChosenPlace {
  /** 1-based index of the layer whose place it is. */
  readonly layer: number;
  /** 0-based, row by row. */
  readonly place: number;
}

/** @returns 1-based */
function channelsAt({ atPlaces }: ExplanationFigures, place: number | null): readonly number[] {
  const there = atPlaces?.channels[place ?? -1] ?? [];
  return there.map(({ channel }) => channel);
}

function Explained({ value, last, isBusy, ask, children: waiting }: ExplainedProps) {
  const figures = last?.explanation ?? null;
  const [photograph, setPhotograph] = useState<SmallPhotograph | null>(null);
  const [isGone, setGone] = useState(false);
  const layer = figures?.layer.index ?? null;
  const pictures = useLayerPictures(value.network, layer);
  // another layer has other places
  const [kept, keep] = useKept<ChosenPlace | null>("place", null);
  const chosen = kept?.layer === layer ? kept.place : null;
  const shared = { network: value.network, photograph, pictures };
  return (
    <div class={waiting === "" ? "explained" : "explained waiting"} aria-busy={waiting !== ""}>
      <div class={figures?.pixels ? "asked with-pixels" : "asked"}>
        <figure class="photograph">
          {isGone ? (
            <p class="quiet">the photograph cannot be shown</p>
          ) : (
            <img
              src={photographAddress(value.id)}
              alt="the photograph"
              onLoad={({ currentTarget }) => setPhotograph(smallPhotograph(currentTarget))}
              onError={() => setGone(true)}
            />
          )}
        </figure>
        {figures !== null && figures.mapSize !== null && (
          <Places
            {...{ ...shared, figures, chosen }}
            onChoose={(place) => keep(place === null ? null : { layer: layer!, place })}
          />
        )}
        {figures !== null && figures.pixels !== null && (
          <PixelMap id={last!.id} of={figures.class.label} photograph={photograph} />
        )}
        <div class="classes">
          {figures !== null && <h2>What {value.network} sees</h2>}
          {figures !== null && <SeenClasses figures={figures} onAsk={(other) => void ask(other)} />}
          <AskOtherwise question={value} isBusy={isBusy} onAsk={(other) => void ask(other)} />
          {/* there without words too, so that nothing moves when they come */}
          <p class="quiet status" role="status">
            {waiting}
            {waiting === "" && figures !== null && (
              <span class="unseen">explained: why {figures.class.label}</span>
            )}
          </p>
        </div>
      </div>
      {figures !== null && (
        <SpeakingChannels {...{ ...shared, figures }} others={channelsAt(figures, chosen)} />
      )}
    </div>
  );
}

interface PixelMapProps {
  /** Of the explanation. */
  readonly id: string;
  /** The class. */
  readonly of: string;
  readonly photograph: SmallPhotograph | null;
}

/** What pixels contribute, in the photograph's proportions, which a network may not see. */
function PixelMap({ id, of, photograph }: PixelMapProps) {
  const aspectRatio = photograph === null ? "auto" : `${photograph.width} / ${photograph.height}`;
  return (
    <figure class="photograph pixels">
      <img
        src={pixelsAddress(id)}
        style={{ aspectRatio }}
        alt={`the photograph's pixels, red where they speak for ${of}, blue where against it`}
      />
      <figcaption class="quiet">pixels, red for {of}, blue against</figcaption>
    </figure>
  );
}
