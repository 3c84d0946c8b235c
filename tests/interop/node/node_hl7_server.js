// A server of node-hl7-server. Prints the port, then MSH-10 of each message, which it acknowledges.

const { Server } = require("node-hl7-server");

const port = Number(process.argv[2]);
const server = new Server({ bindAddress: "127.0.0.1" });
const inbound = server.createInbound({ port }, async (request, response) => {
  console.log(`${request.getMessage().get("MSH.10")}`);
  await response.sendResponse("AA");
});
inbound.on("listen", () => console.log(port));
