/**
 * List prices of us-east-1 on x86, in US dollars, for the dashboard's estimate: an order of
 * magnitude, not a bill.
 */
export const LAMBDA_GB_SECOND = 0.0000166667;
export const LAMBDA_REQUEST = 0.2 / 1e6;
/** Of a g5.xlarge; the price of Spot moves. */
export const GPU_HOUR = { spot: 0.45, "on-demand": 1.01 } as const;
