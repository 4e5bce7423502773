# category: slow-operations; expect: stopped
class K:
    value = 1
class T(Trait):
    async def execute(self, entity):
        a = ()
        for _ in range(39):
            a = (a, a)
        k = K()
        k.value = a
        match {"a": 1}:
            case {k.value: v}:
                entity.vx = v
