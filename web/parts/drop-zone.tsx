import { useState } from "preact/hooks";

import { dropNetwork, type DropStep, idOf, modelFileOf } from "../api/drop-network.ts";
import { FileButton } from "../components/file-button.tsx";
import { Problems } from "../components/problems.tsx";
import { address } from "../state/router.ts";
import { forgetLayers } from "../state/use-layer.ts";
import { useDropOnPage } from "../state/use-drop-on-page.ts";
import { submitting, useSending } from "../state/use-sending.ts";
import { CHANNEL_ORDERS, CONVENTIONS } from "./preprocessing.ts";

/** Takes a network: an .onnx file, and what lies beside it. */
export function DropZone() {
  const [files, setFiles] = useState<readonly File[]>([]);
  const [name, setName] = useState("");
  const sending = useSending();
  const [isOver, setOver] = useState(false);
  const take = (list: FileList | null | undefined) => {
    const taken = [...(list ?? [])];
    if (taken.length === 0) return;
    setFiles(taken);
    sending.forget();
    setName(idOf(modelFileOf(taken)?.name ?? taken[0]!.name));
  };
  useDropOnPage(setOver, take);
  return (
    <section class={isOver ? "drop over" : "drop"} aria-label="Add a network">
      <div class="row">
        <FileButton
          label="Files of a network"
          accept=".onnx,.data,.onnx_data,.bin,.json,.txt"
          isMultiple
          onFiles={take}
        >
          Choose an .onnx file
        </FileButton>
        <span class="quiet">
          {files.length === 0
            ? "or drop it anywhere on this page, with the files of weights beside it and a .txt of its class names, one a line"
            : files.map((file) => file.name).join(", ")}
        </span>
      </div>
      {files.length > 0 && <AddForm files={files} name={name} onName={setName} sending={sending} />}
      <Problems problems={sending.problems} />
    </section>
  );
}

interface AddFormProps {
  readonly files: readonly File[];
  readonly name: string;
  readonly onName: (name: string) => void;
  readonly sending: ReturnType<typeof useSending>;
}

/** Asks what a file of a network does not say, and sends it. */
function AddForm({ files, name, onName, sending: { isBusy, forget, send } }: AddFormProps) {
  const [convention, setConvention] = useState(0);
  const [order, setOrder] = useState("");
  const [step, setStep] = useState<DropStep | null>(null);
  const add = async () => {
    if (isBusy) return;
    forget();
    setStep(null);
    await send(async () => {
      const { pixels } = CONVENTIONS[convention]!;
      const colours = order === "" ? {} : { channelOrder: order };
      const drop = { network: name, files, ...pixels, ...colours };
      const network = await dropNetwork(drop, setStep);
      // one of that name may have been removed, in another tab or by a program
      forgetLayers(network);
      location.hash = address.network(network);
    });
  };
  return (
    <form class="row" onSubmit={submitting(add)}>
      <label class="row">
        <span class="quiet">Name</span>
        <input value={name} onInput={({ currentTarget }) => onName(currentTarget.value)} />
      </label>
      <label class="row">
        <span class="quiet">Its pixels</span>
        <select
          value={convention}
          onChange={({ currentTarget }) => setConvention(Number(currentTarget.value))}
        >
          {CONVENTIONS.map(({ text }, i) => (
            <option key={text} value={i}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <label class="row">
        <span class="quiet">Colours</span>
        <select value={order} onChange={({ currentTarget }) => setOrder(currentTarget.value)}>
          {CHANNEL_ORDERS.map((each) => (
            <option key={each} value={each}>
              {each || "as recognised"}
            </option>
          ))}
        </select>
      </label>
      <button class="primary" type="submit" aria-disabled={isBusy}>
        Add the network
      </button>
      <span class="quiet" role="status">
        {isBusy && step?.text}
      </span>
      {isBusy && typeof step?.sent === "number" && <Sent share={step.sent} />}
    </form>
  );
}

/** How much has been sent. It is no status: nobody wants to hear each step of it. */
function Sent({ share }: { readonly share: number }) {
  const percent = `${Math.floor(100 * share)} %`;
  return (
    <span class="sent">
      <progress value={share} max={1} aria-label="sent" aria-valuetext={percent} />
      <span class="quiet">{percent}</span>
    </span>
  );
}
