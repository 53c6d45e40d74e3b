"""KServe's storage initializer: its own Python code, from a locked environment, behind the entry point of its image."""

from __future__ import annotations

from rehearsal.images.environments import ready
from rehearsal.images.table import Bind, Image

ENTRY = "/storage-initializer/scripts/initializer-entrypoint"
PATTERNS = (
    "*/storage-initializer",
    "*/storage-initializer-*",
    "*/kserve-storage-initializer*",
    "*/odh-kserve-storage-initializer*",
)
SCRIPT = """\
#!{python} -I
import logging
import sys

from kserve_storage import Storage

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
words = sys.argv[1:]
if not words or len(words) % 2:
    sys.exit("usage: initializer-entrypoint src_uri dest_path [src_uri dest_path]...")
for source, target in zip(words[::2], words[1::2]):
    logging.info("Initializing, args: src_uri [%s] dest_path [%s]", source, target)
    Storage.download(source, target)
"""


def rows() -> list[Image]:
    """Upstream's and Red Hat's reference."""
    folder = ready("kserve-storage")
    return [
        Image(
            "kserve-storage",
            PATTERNS,
            entrypoint=(ENTRY,),
            binds=(Bind(folder, str(folder)),),
            files={ENTRY: SCRIPT.format(python=folder / "bin" / "python")},
            user=1000,
        )
    ]
