# category: classes; expect: refused; rule: keyword
def meta(name, bases, body):
    return body


class A(metaclass=meta):
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
