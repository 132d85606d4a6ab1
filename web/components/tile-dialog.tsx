import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

export interface TileDialogProps {
  /** What the picture is of. */
  readonly title: string;
  readonly src: string;
  readonly alt: string;
  readonly onClose: () => void;
  /** To the next or the one before; the arrow keys too. */
  readonly onStep?: (by: 1 | -1) => void;
  /** Beside the picture. */
  readonly children?: ComponentChildren;
}

/** A tile enlarged over the page; the keyboard stays inside until it is closed. */
export function TileDialog({ title, src, alt, onClose, onStep, children }: TileDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  const onKeyDown = ({ key }: KeyboardEvent) => {
    if (key === "ArrowLeft") onStep?.(-1);
    if (key === "ArrowRight") onStep?.(1);
  };
  return (
    <dialog
      ref={dialog}
      class="tile-dialog"
      aria-label={title}
      onClose={onClose}
      onKeyDown={onKeyDown}
      onClick={({ target }) => target === dialog.current && onClose()}
    >
      <div class="columns">
        <img class="picture" src={src} alt={alt} />
        <div>
          <h2>{title}</h2>
          {children}
          <p>
            <button type="button" onClick={onClose}>
              Close
            </button>
          </p>
        </div>
      </div>
    </dialog>
  );
}
