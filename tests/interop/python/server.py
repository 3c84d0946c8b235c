"""A server of python-hl7 on a free port. Prints the port, then MSH-10 of each message, which it acknowledges."""

import asyncio

import hl7.mllp


async def serve(reader, writer):
    while True:
        try:
            message = await reader.readmessage()
        except asyncio.IncompleteReadError:
            writer.close()
            return
        print(message.segment("MSH")[10], flush=True)
        writer.writemessage(message.create_ack())
        await writer.drain()


async def main():
    server = await hl7.mllp.start_hl7_server(serve, host="127.0.0.1", port=0, encoding="utf-8")
    async with server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


asyncio.run(main())
