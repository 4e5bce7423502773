# category: module-level; expect: refused; rule: module-level
assert True


class Sneaky(Trait):
    async def execute(self, entity):
        pass
