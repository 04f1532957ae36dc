"""`python -m local`: one slot on this machine; see `--help`."""

import sys

from local.run.command_line import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
