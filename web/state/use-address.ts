import { useEffect, useState } from "preact/hooks";

import { type Address, parseAddress } from "./router.ts";

/** The address now, and whenever it changes. */
export function useAddress(): Address {
  const [current, setCurrent] = useState(() => parseAddress(location.hash));
  useEffect(() => {
    const follow = () => setCurrent(parseAddress(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return current;
}
