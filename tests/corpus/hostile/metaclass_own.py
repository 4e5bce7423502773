# category: classes; expect: refused
class Meta(type):
    def __call__(cls):
        return 1


class A(metaclass=Meta):
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
