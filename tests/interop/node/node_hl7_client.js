// node-hl7-client sends each named message on one connection and prints MSA-1 and MSA-2 of each answer.

const { Client, Message } = require("node-hl7-client");

const [port, ...controlIds] = process.argv.slice(2);
const client = new Client({ host: "127.0.0.1" });

const connection = client.createConnection({ port: Number(port) }, async (response) => {
  const answer = response.getMessage();
  console.log(`${answer.get("MSA.1")} ${answer.get("MSA.2")}`);
  await next();
});

async function next() {
  const controlId = controlIds.shift();
  if (controlId === undefined) {
    await connection.close();
    return;
  }
  const messageHeader = { msh_9_1: "ADT", msh_9_2: "A01", msh_10: controlId, msh_11_1: "P" };
  const message = new Message({ messageHeader });
  message.addSegment("PID").set("3", "1^^^H");
  await connection.sendMessage(message);
}

connection.on("connect", next);
