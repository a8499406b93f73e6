/** Options of a Miniflare on loopback: what workerd still writes to us is read and dropped. */
export const QUIET = {
  host: "127.0.0.1",
  handleRuntimeStdio: (stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream) => {
    stdout.resume();
    stderr.resume();
  },
};
