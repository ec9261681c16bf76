"""Runs the scenarios of chaos against a release build, one after the other, and prints each one's pass figure."""

import sys

from .run import main

sys.exit(main())
