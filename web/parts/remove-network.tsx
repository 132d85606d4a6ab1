import { removeNetwork } from "../api/client.ts";
import { address } from "../state/router.ts";
import { forgetLayers } from "../state/use-layer.ts";
import type { Sending } from "../state/use-sending.ts";

interface RemoveNetworkProps {
  readonly network: string;
  /** Its problems are for the page to show. */
  readonly removal: Sending;
}

/** Removes a network, once that has been confirmed; what has been drawn with it stays. */
export function RemoveNetwork({ network, removal: { isBusy, send } }: RemoveNetworkProps) {
  const remove = async () => {
    const question = `Remove ${network} and its files? Its jobs keep their pictures, which a network that is added under this name later is shown with.`;
    if (isBusy || !confirm(question)) return;
    await send(async () => {
      await removeNetwork(network);
      forgetLayers(network);
      location.hash = address.networks();
    });
  };
  return (
    <button type="button" aria-disabled={isBusy} onClick={() => void remove()}>
      Remove
    </button>
  );
}
