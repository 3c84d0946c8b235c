// simple-hl7 sends each named message on one connection and prints MSA-1 and MSA-2 of each answer.

const hl7 = require("simple-hl7");

const [port, ...controlIds] = process.argv.slice(2);
const client = hl7.Server.createTcpClient({ host: "127.0.0.1", port: Number(port), keepalive: true });

function next() {
  const controlId = controlIds.shift();
  if (controlId === undefined) {
    client.close();
    return;
  }
  const header = ["A", "B", "C", "D", "20260403120000", "", ["ADT", "A01"], controlId, "P", "2.5"];
  const message = new hl7.Message(...header);
  message.addSegment("PID", "1", "", ["1", "", "", "H"]);
  client.send(message, (error, answer) => {
    if (error) throw error;
    const msa = answer.getSegment("MSA");
    console.log(`${msa.getField(1)} ${msa.getField(2)}`);
    // Its callback runs before it has put the answer behind it.
    setImmediate(next);
  });
}

next();
