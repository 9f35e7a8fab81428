"""`python -m campaigns.faults.launch CLOCK MODULE [ARGUMENTS]`: a platform's process whose clock can be set wrong.

CLOCK is a file of eight bytes, the seconds by which the process's clock is ahead, mapped into memory. The platform has
no switch for it: this launcher puts another function in the place of `settings.clock.system_clock` before anything
else of the platform is imported, and then runs the module as `python -m` does.
"""

import mmap
import os
import runpy
import struct
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

FORMAT = struct.Struct("<d")


def set_ahead(file: Path, seconds: float) -> None:
    """From now on the processes that were launched with this file are so many seconds ahead."""
    if not file.exists():
        file.write_bytes(FORMAT.pack(seconds))
    with file.open("r+b") as opened:
        opened.write(FORMAT.pack(seconds))


def launch(file: Path, module: str, arguments: list[str]) -> None:
    """Runs the module under the shifted clock."""
    from settings import clock

    with file.open("rb") as opened:
        ahead = mmap.mmap(opened.fileno(), FORMAT.size, access=mmap.ACCESS_READ)

    def shifted_clock() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=FORMAT.unpack(ahead)[0])

    clock.system_clock = shifted_clock
    sys.argv = [module, *arguments]
    sys.path.insert(0, os.getcwd())
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    launch(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
