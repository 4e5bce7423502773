# category: attributes; expect: refused; rule: dunder
class Lock:
    def __enter__(self):
        return {}

    def __exit__(self, *rest):
        return False


class Sneaky(Trait):
    async def execute(self, entity):
        with Lock() as self.__dict__:
            pass
