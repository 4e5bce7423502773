# category: recursion; expect: stopped
class C:
    def __call__(self):
        return self()


class Greedy(Trait):
    async def execute(self, entity):
        C()()
