import { removeNetwork } from "../api/client.ts";
import { Problems } from "../components/problems.tsx";
import { address } from "../state/router.ts";
import { forgetLayers } from "../state/use-layer.ts";
import { useSending } from "../state/use-sending.ts";

/** Removes a network, once that has been confirmed; what has been drawn with it stays. */
export function RemoveNetwork({ network }: { readonly network: string }) {
  const { isBusy, problems, send } = useSending();
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
    <>
      <button type="button" aria-disabled={isBusy} onClick={() => void remove()}>
        Remove
      </button>
      <Problems problems={problems} />
    </>
  );
}
