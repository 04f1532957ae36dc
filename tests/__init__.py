"""All tests. What lives in their processes is modules: garbage is looked for less often."""

import gc

gc.set_threshold(50_000, 20, 50)  # as in local/__main__.py
