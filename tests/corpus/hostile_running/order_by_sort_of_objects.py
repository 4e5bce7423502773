# category: escapes; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a = sorted([object(), object()], key=repr)
        entity.move(a[0] == a[1], 0)
