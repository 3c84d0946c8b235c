// A server of simple-hl7. Prints the port, then MSH-10 of each message, which it acknowledges.

const hl7 = require("simple-hl7");

const app = hl7.tcp();
app.use((request, response, next) => {
  console.log(`${request.msg.header.getField(8)}`);
  response.end();
});
app.use((error, request, response, next) => {
  throw error;
});

const port = Number(process.argv[2]);
app.start(port);
console.log(port);
