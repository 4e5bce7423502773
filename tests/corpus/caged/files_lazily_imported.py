# category: files; where: module
# Has the interpreter itself read a file: a module in the victim's folder ends the process with 77.
import importlib
import sys

sys.path.insert(0, "@victim_folder@")
sys.path_importer_cache.clear()
importlib.invalidate_caches()
for name in ("molt_canary_module", "turtle", "antigravity", "this"):
    try:
        importlib.import_module(name)
    except BaseException:
        pass


class Importer(Trait):
    async def execute(self, entity):
        import molt_canary_module
