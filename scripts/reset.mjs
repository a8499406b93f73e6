/**
 * `npm run reset`: wipes this clone's local state, so that the next `npm start` seeds anew. Plain JavaScript for Node 20,
 * without packages. Refuses while something runs on that state.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const RUNNING = join(ROOT, ".dev", "running.json");
const WIPED = [join(".wrangler", "state"), ".dev", ".dev.vars"];

function isListening(host, port) {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Ports that a run over this state may hold: the Worker's usual one, and those that the last start noted. */
function suspectedPorts() {
  const ports = new Set([Number(process.env.SALLYPORT_PORT || 8787)]);
  if (existsSync(RUNNING)) {
    const noted = readFileSync(RUNNING, "utf8").matchAll(/"(?:port|originPort)":(\d+)/g);
    for (const [, port] of noted) ports.add(Number(port));
  }
  return [...ports];
}

for (const port of suspectedPorts()) {
  if ((await isListening("127.0.0.1", port)) || (await isListening("::1", port))) {
    process.stderr.write(
      `Port ${port} is in use, so Sallyport may be running on this state. End it (Ctrl-C) before the reset.\n`,
    );
    process.exit(1);
  }
}
for (const path of WIPED) rmSync(join(ROOT, path), { recursive: true, force: true });
process.stdout.write(`Wiped ${WIPED.join(", ")}. \`npm start\` begins afresh.\n`);
