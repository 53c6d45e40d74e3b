"""The README's picture of a terminal: what a real run printed (docs/picture.txt), drawn as an SVG."""

from __future__ import annotations

import io
import os
import re
import subprocess

from rich.console import Console
from rich.text import Text

from docs.generate.messages import ROOT

RECORDED = ROOT / "docs" / "picture.txt"
COMMAND = "make rehearse"
COLUMNS = 108
PASSING = re.compile(r"^\S+\s+(…|waiting for:)|^\s+[\d.]+ s +waiting for:")  # what a terminal overwrites
# rich's own frame, without the fonts that it would have a reader's browser fetch from elsewhere
FRAME = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, monospace; font-size: {char_height}px;
  line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: arial; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g></svg>
"""


def record() -> None:
    """Run the command and keep what stays on a terminal when it has ended."""
    own = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    pipe, out = subprocess.PIPE, subprocess.STDOUT
    done = subprocess.run(COMMAND.split(), cwd=ROOT, env=own, stdout=pipe, stderr=out, text=True, check=True)
    RECORDED.write_text("".join(line for line in done.stdout.splitlines(True) if not PASSING.match(line)))


def text() -> str:
    """The recorded run as an SVG."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.assemble(("$ ", "green"), (COMMAND, "bold")))
    for line in RECORDED.read_text().splitlines():
        console.print(_coloured(line), soft_wrap=True)
    drawn = console.export_svg(title="serving-demo", code_format=FRAME, unique_id="terminal")
    return "\n".join(line.rstrip() for line in drawn.splitlines()) + "\n"


def _coloured(line: str) -> Text:
    drawn = Text(line if len(line) <= COLUMNS else line[: COLUMNS - 1] + "…")
    drawn.highlight_regex(r"^(gitops|rhods|storage|model|serving|verify)\b", "bold cyan")
    drawn.highlight_regex(r"done in [\d.]+ s|: (ready|done|Ready)$|is ready|the demo is up", "green")
    drawn.highlight_regex(r"\d+ known answers exactly.*", "bold green")
    return drawn


if __name__ == "__main__":
    record()
