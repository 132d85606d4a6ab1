import { useState } from "preact/hooks";

import { createExplanation } from "../api/client.ts";
import { address } from "../state/router.ts";
import { useDropOnPage } from "../state/use-drop-on-page.ts";
import { ChoosePhotograph, usePhotograph } from "./photograph-button.tsx";

interface AskWhyProps {
  readonly network: string;
  /** What the button says. */
  readonly children: string;
  /** Said beside it. */
  readonly hint: string;
}

/** Takes a photograph, and leads to what the network sees in it, and why. */
export function AskWhy({ network, children, hint }: AskWhyProps) {
  const [isOver, setOver] = useState(false);
  const photograph = usePhotograph(async (image) => {
    const { id } = await createExplanation({ network, image });
    location.hash = address.explanation(id);
  });
  useDropOnPage(setOver, photograph.take);
  return (
    <section class={isOver ? "drop over" : "drop"} aria-label="Ask about a photograph">
      <ChoosePhotograph photograph={photograph} hint={hint}>
        {children}
      </ChoosePhotograph>
    </section>
  );
}
