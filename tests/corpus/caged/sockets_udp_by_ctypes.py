# category: sockets; where: ctypes
# A packet to the loopback, made by hand.
import ctypes
import os
import socket
import struct

libc = ctypes.CDLL(None)
WHERE = struct.pack("=H", 2) + struct.pack(">H", @udp_port@) + bytes((127, 0, 0, 1)) + bytes(8)


class Sender(Trait):
    async def execute(self, entity):
        fd = libc.socket(2, 2, 0)
        if fd >= 0 and libc.sendto(fd, b"from a trial", 12, 0, WHERE, 16) == 12:
            os._exit(77)
