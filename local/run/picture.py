"""`python -m local.run.picture FILE`: what `make local` prints, as an SVG for the README."""

import re
import sys
from pathlib import Path

from rich.console import Console

from local.run import command_line

console = Console(record=True, width=100, highlight=False)
status = command_line.main(["--engine=process"], console=console)
svg = console.export_svg(title="make local", unique_id="local")
# rich's fonts come from a host on the internet; a README's picture may load nothing.
svg = re.sub(r"<!--.*?-->|@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
Path(sys.argv[1]).write_text(svg, "utf-8")
sys.exit(status)
