# category: trait; expect: refused; rule: trait
def make():
    class A(Trait):
        async def execute(self, entity):
            pass

    return A
