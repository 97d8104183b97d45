"""``python -m exporter``, the same as the installed ``zapi-exporter``."""

import sys

from exporter.cli import main

sys.exit(main())
