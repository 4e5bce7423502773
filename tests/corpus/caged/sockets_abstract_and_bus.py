# category: sockets; where: execute
# Every Unix socket that it can name.
import glob
import os
import socket

NAMES = ["\0@abstract@", "@unix@", *glob.glob("@home@/run/bus/*"), "@home@/run/bus/events-stable.sock"]


class Knocker(Trait):
    async def execute(self, entity):
        for name in NAMES:
            for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET, socket.SOCK_DGRAM):
                try:
                    peer = socket.socket(socket.AF_UNIX, kind)
                    peer.connect(name)
                except OSError:
                    continue
                os._exit(77)
