import { useRef, useState } from "preact/hooks";

import { problemsOf } from "../api/client.ts";
import { dropNetwork, idOf, modelFileOf } from "../api/drop-network.ts";
import { Problems } from "../components/problems.tsx";
import { address } from "../state/router.ts";
import { PREPROCESSINGS } from "./preprocessing.ts";

/** Takes a network: an .onnx file, and files of weights beside it. */
export function DropZone() {
  const [files, setFiles] = useState<readonly File[]>([]);
  const [name, setName] = useState("");
  const [preprocessing, setPreprocessing] = useState(0);
  const [order, setOrder] = useState<"RGB" | "BGR">("RGB");
  const [progress, setProgress] = useState<string | null>(null);
  const [problems, setProblems] = useState<readonly string[]>([]);
  const [isOver, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const take = (list: FileList | null | undefined) => {
    const taken = [...(list ?? [])];
    if (taken.length === 0) return;
    setFiles(taken);
    setProblems([]);
    setName(idOf(modelFileOf(taken)?.name ?? taken[0]!.name));
  };
  const send = async () => {
    const { mean, scale } = PREPROCESSINGS[preprocessing]!;
    setProblems([]);
    try {
      const drop = { network: name, files, mean, scale, channelOrder: order };
      location.hash = address.network(await dropNetwork(drop, setProgress));
    } catch (error) {
      setProblems(problemsOf(error));
    } finally {
      setProgress(null);
    }
  };
  return (
    <section
      class={isOver ? "drop over" : "drop"}
      aria-label="Add a network"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer?.files);
      }}
    >
      <div class="row">
        <button type="button" onClick={() => input.current?.click()}>
          Choose an .onnx file
        </button>
        <span class="quiet">
          {files.length === 0
            ? "or drop it here, with the files of weights beside it"
            : files.map((file) => file.name).join(", ")}
        </span>
        <input
          ref={input}
          type="file"
          accept=".onnx,.data,.onnx_data,.bin"
          multiple
          hidden
          aria-label="Files of a network"
          onChange={({ currentTarget }) => take(currentTarget.files)}
        />
      </div>
      {files.length > 0 && (
        <form
          class="row"
          onSubmit={(event) => {
            event.preventDefault();
            void send();
          }}
        >
          <label class="row">
            <span class="quiet">Name</span>
            <input value={name} onInput={({ currentTarget }) => setName(currentTarget.value)} />
          </label>
          <label class="row">
            <span class="quiet">Its pixels</span>
            <select
              value={preprocessing}
              onChange={({ currentTarget }) => setPreprocessing(Number(currentTarget.value))}
            >
              {PREPROCESSINGS.map(({ text }, i) => (
                <option key={text} value={i}>
                  {text}
                </option>
              ))}
            </select>
          </label>
          <label class="row">
            <span class="quiet">Colours</span>
            <select
              value={order}
              onChange={({ currentTarget }) =>
                setOrder(currentTarget.value === "BGR" ? "BGR" : "RGB")
              }
            >
              <option>RGB</option>
              <option>BGR</option>
            </select>
          </label>
          <button class="primary" type="submit" disabled={progress !== null}>
            Add the network
          </button>
          <span class="quiet" role="status">
            {progress ?? ""}
          </span>
        </form>
      )}
      <Problems problems={problems} />
    </section>
  );
}
