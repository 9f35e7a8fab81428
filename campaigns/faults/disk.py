"""A small disk of one's own that can be filled to the last byte, and emptied again.

Where the machine lets us mount: an ext4 file system in a file, so that every sync is a real one; else one in memory.
Where it does not (no root), there is none, and the campaign says that its disks were never full.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

SIZE_MB = 6144
BALLAST = "ballast"
STEPS = (256 * 2**20, 2**20, 4096)


class Disk:
    """`folder`: where it is mounted. `origin`: what it is, for the table."""

    def __init__(self, folder: Path, origin: str) -> None:
        self.folder, self.origin = folder, origin

    def fill(self) -> None:
        """Takes all that is free."""
        descriptor = os.open(self.folder / BALLAST, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            for step in STEPS:
                with contextlib.suppress(OSError):
                    while True:
                        os.posix_fallocate(descriptor, size, step)
                        size += step
        finally:
            os.close(descriptor)

    def free(self) -> None:
        """Gives back what `fill` took."""
        (self.folder / BALLAST).unlink(missing_ok=True)


@contextlib.contextmanager
def small_disk() -> Iterator[Disk | None]:
    """A disk until the block ends; None where this machine allows none."""
    place = Path(tempfile.mkdtemp(prefix="capi-disk-"))
    place.chmod(0o755)
    image, folder = place / "image", place / "disk"
    folder.mkdir(mode=0o755)
    disk = in_a_file(image, folder) or in_memory(folder)
    try:
        yield disk
    finally:
        if disk is not None:
            run("umount", "--lazy", str(folder))
        shutil.rmtree(place, ignore_errors=True)


def in_a_file(image: Path, folder: Path) -> Disk | None:
    """ext4, on the real disk."""
    with image.open("wb") as file:
        file.truncate(SIZE_MB * 2**20)
    is_made = run("mkfs.ext4", "-q", "-m", "0", str(image)) and run("mount", "-o", "loop", str(image), str(folder))
    return Disk(folder, "ext4 in a file") if is_made else None


def in_memory(folder: Path) -> Disk | None:
    """tmpfs: a sync costs nothing there."""
    is_made = run("mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(folder))
    return Disk(folder, "tmpfs") if is_made else None


def run(*command: str) -> bool:
    """Whether the command succeeded."""
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 - fixed commands
