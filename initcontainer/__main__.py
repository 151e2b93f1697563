"""`python -m initcontainer`."""

import sys

from initcontainer.cli import main

sys.exit(main())
