"""`python -m local.drill`: the rehearsal of a region's loss; see `--help`."""

import sys

from local.drill.command_line import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
