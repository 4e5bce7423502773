# category: files; where: execute
# Takes away what lies there. One act for each Molbot, since the first that kills ends it all.
import os

CALLS = [
    lambda: os.unlink("@canary@"),
    lambda: os.rename("@canary@", "@canary@.away"),
    lambda: os.truncate("@canary@", 0),
    lambda: os.symlink("/etc/passwd", "@victim_folder@/link"),
    lambda: os.mkdir("@victim_folder@/folder"),
    lambda: os.chmod("@canary@", 0o777),
]


class Destroyer(Trait):
    async def execute(self, entity):
        CALLS[int(entity.id.split("_")[-1], 16) % len(CALLS)]()
        os._exit(77)
