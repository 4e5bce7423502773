# category: environment; where: ctypes
# Looks for a secret in the environment, and in the memory where the loader had put it.
import ctypes
import os

NAME = "MOLT_CANARY_" + "SECRET"
libc = ctypes.CDLL(None)


class Searcher(Trait):
    async def execute(self, entity):
        libc.getenv.restype = ctypes.c_char_p
        if NAME in os.environ or libc.getenv(NAME.encode()):
            os._exit(77)
        # From the end of the stack: how many arguments, where they are, 0, where variables are, 0.
        at = ctypes.c_void_p.in_dll(libc, "__libc_stack_end").value
        words = (ctypes.c_void_p * 4096).from_address(at)
        index = int(words[0] or 0) + 2
        while words[index]:
            if ctypes.string_at(words[index]).startswith(NAME.encode()):
                os._exit(77)
            index += 1
