# category: swallowing; expect: stopped
import itertools


class Keep:
    kind = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        Keep.kind = kind
        raise kind


class Greedy(Trait):
    async def execute(self, entity):
        with Keep() as k:
            for n in itertools.count():
                pass
