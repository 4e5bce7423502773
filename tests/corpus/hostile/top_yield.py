# category: module-level; expect: refused
x = yield


class Sneaky(Trait):
    async def execute(self, entity):
        pass
