# category: endless; expect: stopped
class K:
    def __contains__(self, x):
        return x in self
    def __iter__(self):
        yield from self
    def __bool__(self):
        return not self
class T(Trait):
    async def execute(self, entity):
        if K():
            pass
