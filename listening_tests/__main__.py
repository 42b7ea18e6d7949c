"""``python -m listening_tests VERB``: see ``--help``."""

import sys

from ser_core.cli import main

sys.exit(main("listening_tests"))
