/**
 * A receiver as a process of its own, so that it can be killed: appends every whole line it gets to a
 * file. Arguments: port, file.
 */
import { appendFileSync } from "node:fs";
import { createServer } from "node:net";

const [port = "0", file = ""] = process.argv.slice(2);

const server = createServer((socket) => {
  let rest = "";
  socket.on("error", () => {});
  socket.setEncoding("latin1").on("data", (text: string) => {
    const end = text.lastIndexOf("\n") + 1;
    if (end > 0) appendFileSync(file, rest + text.slice(0, end), "latin1");
    rest = end > 0 ? text.slice(end) : rest + text;
  });
});
server.listen(Number(port), "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") process.send?.(address.port);
});
process.on("disconnect", () => process.exit());
