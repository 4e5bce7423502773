# category: ends; where: thread
# Leaves something behind that runs when the process ends.
import atexit
import os
import weakref


def act():
    open("@canary@", "w").write("written")
    os._exit(77)


atexit.register(act)


class Late(Trait):
    def __del__(self):
        act()

    async def execute(self, entity):
        raise SystemExit(0)
