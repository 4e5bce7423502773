# category: ends; where: execute
# Uses up the stack.
import sys

sys.setrecursionlimit(10**9)


def deeper(number):
    return deeper(number + 1) + 1


class Deep(Trait):
    async def execute(self, entity):
        deeper(0)
