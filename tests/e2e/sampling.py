"""What can be seen only while a command runs: the titles of processes, and files that go with the run."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

EVERY = 0.1  # seconds; a process that is gone sooner was seen by nobody else either


@dataclass(slots=True)
class Seen:
    """Everything that was seen, each text once."""

    titles: set[bytes] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)

    def texts(self) -> Iterator[tuple[str, bytes]]:
        """Every text with where it was."""
        yield from ((f"the title of a process: {title[:60]!r}", title) for title in sorted(self.titles))
        yield from self.files.items()


@contextlib.contextmanager
def watching(folder: Path) -> Iterator[Seen]:
    """Titles of all processes and files below the folder are noted for as long as the block lasts."""
    seen, stop = Seen(), threading.Event()
    thread = threading.Thread(target=look_again, args=(folder, seen, stop), daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def look_again(folder: Path, seen: Seen, stop: threading.Event) -> None:
    sizes: dict[Path, tuple[int, int]] = {}
    while not stop.wait(EVERY):
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    seen.titles.add((entry / "cmdline").read_bytes().replace(b"\0", b" "))
        with contextlib.suppress(OSError):  # a folder may go while it is walked
            for path in folder.rglob("*"):
                with contextlib.suppress(OSError):
                    note(path, seen, sizes)


def note(path: Path, seen: Seen, sizes: dict[Path, tuple[int, int]]) -> None:
    """A file that is new or has changed is kept as it is."""
    state = path.stat()
    if path.is_file() and sizes.get(path) != (state.st_mtime_ns, state.st_size):
        sizes[path] = (state.st_mtime_ns, state.st_size)
        content = path.read_bytes()
        seen.files[f"{path} ({hashlib.sha256(content).hexdigest()[:8]})"] = content
