/** Account the endpoint pretends to be; part of queue URLs and ARNs. */
export const ACCOUNT_ID = "000000000000";
