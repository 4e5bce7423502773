# category: dunders; expect: refused
class Sneaky(Trait):
    async def execute(self, entity):
        super(type(entity), entity).move(1, 1)
