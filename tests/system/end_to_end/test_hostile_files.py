"""Files that are no files stop neither an answer nor a signal of the installed command."""

import os
import signal
from pathlib import Path

from harness.processes import eventually, exporter


def test_a_configuration_that_becomes_no_file_stops_no_signal(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("api: {base_url: 'http://127.0.0.1:1'}\ninstances: [{name: a, id: A, token: T}]\n")
    with exporter(tmp_path, f"--config.file={file}") as running:
        file.unlink()
        os.mkfifo(file)
        running.process.send_signal(signal.SIGHUP)
        eventually(lambda: "document: is a named pipe, not a regular file" in running.log.read_text())
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(60) == 0
