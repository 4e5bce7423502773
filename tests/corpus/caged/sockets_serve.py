# category: sockets; where: execute
# Listens, so that somebody outside can come in.
import os
import socket


class Server(Trait):
    async def execute(self, entity):
        door = socket.socket()
        door.bind(("127.0.0.1", 0))
        door.listen()
        if door.getsockname()[1]:
            os._exit(77)
