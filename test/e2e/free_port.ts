import { createServer } from "node:net";

/**
 * Where ports are taken from: below those that a system gives to whoever asks for any (32768 and up on Linux, 49152 and up
 * elsewhere), or a server or a mere outgoing call of another test could have taken one before it is listened on.
 */
const FIRST = 20_000;
const COUNT = 12_000;

/**
 * A part of them for each process of a run: of two that looked at the same moment, both would find the same port free. The first part is that of
 * the run itself, whose processes have no number.
 */
const PARTS = 16;
const SIZE = COUNT / PARTS;
const part = Number(process.env.VITEST_POOL_ID ?? 0) % PARTS;

/** Another run on this machine begins elsewhere, as likely as not. */
let next = Math.floor(Math.random() * SIZE);

/** Ports of 127.0.0.1 that nothing listens on, all different, and not given to anybody of this process lately. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const port = FIRST + part * SIZE + next;
    next = (next + 1) % SIZE;
    if (await isFree(port)) found.push(port);
  }
  return found;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
