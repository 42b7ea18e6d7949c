"""``python -m ser_core VERB``: see ``--help``."""

import sys

from ser_core.cli import main

sys.exit(main("ser_core"))
