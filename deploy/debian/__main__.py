"""Writes the Debian package, for the release of Debian, the Python and the processor at hand.

    python -m deploy.debian --wheel=dist/zapi_exporter-VERSION-py3-none-any.whl --output=dist

The same commit on the same release gives the same bytes: times are those of SOURCE_DATE_EPOCH.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.debian.tree import Release, write_tree


def main() -> int:
    """Build the package and print where it is."""
    parser = argparse.ArgumentParser(prog="python -m deploy.debian", description=__doc__)
    parser.add_argument("--wheel", type=Path, required=True, help="the wheel of the project")
    parser.add_argument("--output", type=Path, default=Path("dist"), help="the folder for the package")
    options = parser.parse_args()
    release = Release.here(options.wheel)
    file = options.output / f"zapi-exporter_{release.version}_{release.architecture}.deb"
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
    with tempfile.TemporaryDirectory() as directory:
        tree = Path(directory) / "zapi-exporter"
        write_tree(tree, options.wheel, release)
        command = ["dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(tree), str(file)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    print(file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
