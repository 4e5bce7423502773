# category: sockets; where: thread
# Writes lies into the ledger, from a thread, so that whoever watches this one sees nothing.
import os
import socket
import threading


def lie():
    peer = socket.socket(socket.AF_UNIX)
    peer.connect("@home@/run/scribe.sock")
    peer.sendall(b'{"kind": "note", "message": "all is well"}\n')
    os._exit(77)


class Liar(Trait):
    async def execute(self, entity):
        thread = threading.Thread(target=lie)
        thread.start()
        thread.join(1.0)
