# category: module-level; expect: refused; rule: module-level
match 1:
    case 1:
        pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
