# category: sockets; where: execute
# Connects, by every road to a port.
import os
import socket


class Caller(Trait):
    async def execute(self, entity):
        for family, where in (
            (socket.AF_INET, ("127.0.0.1", @tcp_port@)),
            (socket.AF_INET6, ("::ffff:127.0.0.1", @tcp_port@)),
        ):
            try:
                peer = socket.socket(family)
                peer.connect(where)
                peer.sendall(b"from a trial")
            except OSError:
                continue
            os._exit(77)
