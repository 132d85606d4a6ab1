import { useRef } from "preact/hooks";

interface FileButtonProps {
  readonly children: string;
  /** What the files are, for those who do not see the page. */
  readonly label: string;
  /** MIME types or endings, as an input's `accept`. */
  readonly accept: string;
  readonly isMultiple?: boolean;
  readonly isBusy?: boolean;
  readonly onFiles: (files: FileList | null) => void;
}

/** A button that asks for files. */
export function FileButton({ isMultiple = false, isBusy, onFiles, ...said }: FileButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" aria-disabled={isBusy} onClick={() => input.current?.click()}>
        {said.children}
      </button>
      <input
        ref={input}
        type="file"
        accept={said.accept}
        multiple={isMultiple}
        hidden
        aria-label={said.label}
        onChange={({ currentTarget }) => {
          onFiles(currentTarget.files);
          // or the same file, mended and chosen again, would be no change
          currentTarget.value = "";
        }}
      />
    </>
  );
}
