import { useLayoutEffect, useState } from "preact/hooks";

import { type Address, parseAddress } from "./router.ts";

/** The address now, and whenever it changes. */
export function useAddress(): Address {
  const [current, setCurrent] = useState(() => parseAddress(location.hash));
  // at once: a change before it is listened to would be missed
  useLayoutEffect(() => {
    const follow = () => setCurrent(parseAddress(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return current;
}
