# category: slow-operations; expect: stopped
class T(Trait):
    async def execute(self, entity):
        s = "abcdefgh" * 8000
        for _ in range(40000):
            str.maketrans(s, s)
