# category: attributes; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        self.__init__.__globals__['os']
