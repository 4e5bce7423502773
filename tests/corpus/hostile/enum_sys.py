# category: libraries; expect: refused; rule: module-name
import enum


class Sneaky(Trait):
    async def execute(self, entity):
        enum.sys.exit()
