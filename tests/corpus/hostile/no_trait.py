# category: trait; expect: refused; rule: trait
class Plain:
    async def execute(self, entity):
        pass
