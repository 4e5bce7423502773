# category: imports; expect: refused; rule: identifier
import ｏｓ


class Sneaky(Trait):
    async def execute(self, entity):
        os.getpid()
