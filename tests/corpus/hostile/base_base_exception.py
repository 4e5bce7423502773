# category: classes; expect: refused
class Stop(BaseException):
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
