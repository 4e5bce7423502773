# category: classes; expect: refused; rule: dunder
class A:
    @classmethod
    def __prepare__(cls, name, bases):
        return {}


class Sneaky(Trait):
    async def execute(self, entity):
        pass
