# category: recursion; expect: stopped
class B:
    def __bool__(self):
        return bool(self)


class Greedy(Trait):
    async def execute(self, entity):
        if B():
            pass
