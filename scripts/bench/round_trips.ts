/** Where `counted_reads.worker.ts` tells how many batches it has sent to D1. */
export const ROUND_TRIPS = "/bench/round-trips";
