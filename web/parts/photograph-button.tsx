import { useRef, useState } from "preact/hooks";

import { sendPhotograph } from "../api/client.ts";
import { Problems } from "../components/problems.tsx";
import { useSending } from "../state/use-sending.ts";

interface PhotographButtonProps {
  /** What the photograph is for. */
  readonly children: string;
  /** Told of the key under which it has been sent. */
  readonly onSent: (key: string) => void;
}

/** Takes a photograph, and sends it. */
export function PhotographButton({ children, onSent }: PhotographButtonProps) {
  const { isBusy, problems, forget, send } = useSending();
  const [name, setName] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const take = (file: File | undefined) => {
    if (file === undefined) return;
    forget();
    setName(file.name);
    void send(async () => onSent((await sendPhotograph(file)).key));
  };
  return (
    <>
      <div class="row">
        <button type="button" aria-disabled={isBusy} onClick={() => input.current?.click()}>
          {children}
        </button>
        <span class="quiet" role="status">
          {isBusy ? `sending ${name}` : name}
        </span>
        <input
          ref={input}
          type="file"
          accept="image/png,image/jpeg,image/webp"
          hidden
          aria-label={children}
          onChange={({ currentTarget }) => {
            take(currentTarget.files?.[0]);
            // or the same file, mended and chosen again, would be no change
            currentTarget.value = "";
          }}
        />
      </div>
      <Problems problems={problems} />
    </>
  );
}
