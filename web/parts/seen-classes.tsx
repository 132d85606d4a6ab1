import { useEffect, useState } from "preact/hooks";

import type { ExplanationDocument, ExplanationFigures } from "../api/documents.ts";
import { inDigits, percent } from "../components/contribution.ts";
import { useLayers } from "../state/use-layer.ts";
import { submitting } from "../state/use-sending.ts";

/** What may be asked instead: a class or layer, by name or number, `null`: without one; or pixels. */
export type OtherQuestion = Partial<Pick<ExplanationDocument, "class" | "layer">> & {
  readonly pixels?: boolean;
};

interface SeenClassesProps {
  readonly figures: ExplanationFigures;
  readonly onAsk: (question: OtherQuestion) => void;
}

/** The classes that the network sees; a click on one asks for it. */
export function SeenClasses({ figures, onAsk }: SeenClassesProps) {
  const { seen, class: of } = figures;
  const isAmong = seen.some(({ channel }) => channel === of.channel);
  return (
    <ol class="seen">
      {(isAmong ? seen : [...seen, of]).map(({ channel, label, probability, activation }) => (
        <li key={channel}>
          <button
            type="button"
            title={label}
            aria-pressed={channel === of.channel}
            onClick={() => onAsk({ class: channel })}
          >
            <span class="label">{label}</span>
            <span>{probability === null ? inDigits(activation) : percent(probability)}</span>
            {probability !== null && <progress max={1} value={probability} aria-hidden="true" />}
          </button>
        </li>
      ))}
    </ol>
  );
}

interface AskOtherwiseProps {
  readonly question: ExplanationDocument;
  readonly isBusy: boolean;
  readonly onAsk: (question: OtherQuestion) => void;
}

/** Asks for a class that is not among those, for another layer, or for pixels. */
export function AskOtherwise({ question, isBusy, onAsk }: AskOtherwiseProps) {
  const [word, setWord] = useState("");
  /** `null`: it has not been touched. */
  const [chosen, setChosen] = useState<string | null>(null);
  const [wanted, setWanted] = useState<boolean | null>(null);
  const hasPixels = question.pixels !== null;
  const { value: table } = useLayers(question.network);
  const layers = table?.layers.filter(({ renderable, index }) => renderable && index > 1) ?? [];
  const asked = layers.find(({ name, index }) => [name, index].includes(question.layer ?? ""));
  const shown = String(asked?.index ?? "");
  const text = word.trim();
  const isSame = text === "" && (chosen ?? shown) === shown && (wanted ?? hasPixels) === hasPixels;
  const named = /^\d+$/.test(text) ? Number(text) : text;
  const isAnswered = question.state === "done" && question.class === named;
  // or it would be asked for again with another layer
  useEffect(() => {
    if (isAnswered) setWord("");
  }, [question.id, question.state]);
  const ask = async () => {
    onAsk({
      ...(text !== "" && { class: named }),
      ...(chosen !== null && { layer: chosen === "" ? null : Number(chosen) }),
      ...(wanted !== null && { pixels: wanted }),
    });
    setChosen(null);
    setWanted(null);
  };
  return (
    <form class="row" onSubmit={submitting(ask)}>
      <label class="row">
        <span class="quiet">Another class</span>
        <input
          value={word}
          size={14}
          placeholder="name or number"
          onInput={({ currentTarget }) => setWord(currentTarget.value)}
        />
      </label>
      <label class="row">
        <span class="quiet">Layer</span>
        <select
          value={chosen ?? shown}
          onChange={({ currentTarget }) => setChosen(currentTarget.value)}
        >
          <option value="">the last whose places speak</option>
          {layers.map(({ index, name }) => (
            <option key={index} value={String(index)}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        <input
          type="checkbox"
          checked={wanted ?? hasPixels}
          onChange={({ currentTarget }) => setWanted(currentTarget.checked)}
        />{" "}
        <span class="quiet">Pixels too, which takes several seconds</span>
      </label>
      <button type="submit" disabled={isSame} aria-disabled={isBusy}>
        Explain it
      </button>
    </form>
  );
}
