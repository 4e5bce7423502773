# category: decorators; expect: refused
@exec
@repr
class A:
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
