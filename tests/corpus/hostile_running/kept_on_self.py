# category: memory; expect: stopped
def getattr_kept(owner):
    return owner.kept if hasattr(owner, 'kept') else None


class Greedy(Trait):
    async def execute(self, entity):
        self.kept = ('x' * 60_000 + str(entity.age), getattr_kept(self))
