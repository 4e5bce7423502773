# category: module-level; expect: refused; rule: module-level
if __name__ == '__main__':
    x = 1


class Sneaky(Trait):
    async def execute(self, entity):
        pass
