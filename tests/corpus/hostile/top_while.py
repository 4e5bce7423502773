# category: module-level; expect: refused; rule: module-level
while True:
    break


class Sneaky(Trait):
    async def execute(self, entity):
        pass
