# category: decorators; expect: refused; rule: call
from dataclasses import dataclass


class Sneaky(Trait):
    async def execute(self, entity):
        dataclass(type(entity))
