"""What the commands start."""

from pathlib import Path

import pytest

from exporter.commands import _auto_reload
from exporter.config.load import ConfigFile, Source
from exporter.flags import parse
from tests.builders import a_config
from tests.clocks import ManualClock


@pytest.mark.parametrize(("flags", "tasks"), [([], 0), (["--config.enable-auto-reload"], 1)])
def test_files_are_watched_only_where_that_is_asked_for(flags: list[str], tasks: int) -> None:
    source = Source(a_config, ConfigFile(Path("config.yaml"), {}))
    assert len([*_auto_reload(parse(flags), source, lambda: (), ManualClock())]) == tasks
