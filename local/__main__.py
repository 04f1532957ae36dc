"""`python -m local`: one slot on this machine; see `--help`."""

import gc
import sys

from local.run.command_line import main

if __name__ == "__main__":
    # Nearly all that lives is the SDKs' modules: at the usual thresholds a sixth of a run's time
    # goes into looking through them again and again.
    gc.set_threshold(50_000, 20, 50)
    sys.exit(main(sys.argv[1:]))
