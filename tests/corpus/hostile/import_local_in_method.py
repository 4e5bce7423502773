# category: imports; expect: refused; rule: import
class Sneaky(Trait):
    async def execute(self, entity):
        import subprocess
        subprocess.run(['ls'])
