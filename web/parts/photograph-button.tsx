import { useState } from "preact/hooks";

import { isPhotograph, PHOTOGRAPH_TYPES, sendPhotograph } from "../api/client.ts";
import { FileButton } from "../components/file-button.tsx";
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
  return <ChoosePhotograph photograph={usePhotograph(onSent)}>{children}</ChoosePhotograph>;
}

/** Photographs on their way, one at a time. */
export function usePhotograph(onSent: (key: string) => Promise<void> | void) {
  const { isBusy, problems, forget, send } = useSending();
  const [name, setName] = useState("");
  /** Of several files the first photograph. */
  const take = (files: FileList | null | undefined) => {
    const given = [...(files ?? [])];
    const file = given.find(isPhotograph) ?? given[0];
    if (file === undefined || isBusy) return;
    forget();
    setName(file.name);
    void send(async () => onSent((await sendPhotograph(file)).key));
  };
  return { take, name, isBusy, problems };
}

interface ChoosePhotographProps {
  readonly photograph: ReturnType<typeof usePhotograph>;
  readonly children: string;
  /** Said as long as none has been chosen. */
  readonly hint?: string;
}

/** A button that asks for a photograph, and how far that is. */
export function ChoosePhotograph({ photograph, children, hint = "" }: ChoosePhotographProps) {
  const { take, name, isBusy, problems } = photograph;
  return (
    <>
      <div class="row">
        <FileButton
          label={children}
          accept={PHOTOGRAPH_TYPES.join(",")}
          isBusy={isBusy}
          onFiles={take}
        >
          {children}
        </FileButton>
        <span class="quiet" role="status">
          {isBusy ? `sending ${name}` : name || hint}
        </span>
      </div>
      <Problems problems={problems} />
    </>
  );
}
