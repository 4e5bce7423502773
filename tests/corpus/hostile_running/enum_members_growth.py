# category: memory; expect: stopped
from enum import Flag


class F(Flag):
    A = 1
    B = 2
    C = 4
    D = 8
    E = 16
    G = 32
    H = 64
    I = 128
    J = 256
    K = 512


class Greedy(Trait):
    async def execute(self, entity):
        n = 0
        while entity:
            n += 1
            F(n & 1023)
