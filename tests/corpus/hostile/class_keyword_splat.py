# category: classes; expect: refused; rule: keyword
K = {'metaclass': list}


class A(**K):
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
