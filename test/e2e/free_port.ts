import { createServer } from "node:net";

/**
 * Where ports are taken from: below those that a system gives to whoever asks for any (32768 and up on Linux, 49152 and up
 * elsewhere), or a server or a mere outgoing call of another test could have taken one before it is listened on.
 */
const FIRST = 20_000;
const COUNT = 12_000;

/** Ports of 127.0.0.1 that nothing listens on, all different. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
