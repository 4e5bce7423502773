# category: slow-operations; expect: stopped
def boom():
    a = ()
    for _ in range(38):
        a = (a, a)
    raise ValueError(a)
X = boom()
class T(Trait):
    async def execute(self, entity):
        entity.vx = 1.0
