import type { ServerProcess } from "./processes.ts";

const POLL_MS = 150;
const CALL_TIMEOUT_MS = 2000;

async function answersOk(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
    await answer.body?.cancel();
    return answer.status === 200;
  } catch {
    return false;
  }
}

/** Waits until `url` answers 200. Throws when `server` ends first or `withinMs` go by. */
export async function untilReady(url: string, server: ServerProcess, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  let over = false;
  void server.ended.then(() => {
    over = true;
  });
  while (!(await answersOk(url))) {
    if (over) throw new Error(`${server.name} ended before it was ready; its last words are above.`);
    if (Date.now() > deadline) {
      throw new Error(
        `${server.name} did not answer 200 on ${url} within ${withinMs / 1000} s; its last words are above.`,
      );
    }
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}
