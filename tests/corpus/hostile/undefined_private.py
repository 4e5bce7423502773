# category: attributes; expect: refused; rule: attribute
class Sneaky(Trait):
    async def execute(self, entity):
        entity._scene.table[0] = 0
