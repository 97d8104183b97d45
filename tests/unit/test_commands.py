"""What the commands start and print."""

from dataclasses import replace
from pathlib import Path

import pytest

from exporter.commands import _auto_reload, instance_table
from exporter.config.load import ConfigFile, Source
from exporter.flags import parse
from tests.builders import a_config, an_instance
from tests.clocks import ManualClock


@pytest.mark.parametrize(("flags", "tasks"), [([], 0), (["--config.enable-auto-reload"], 1)])
def test_files_are_watched_only_where_that_is_asked_for(flags: list[str], tasks: int) -> None:
    source = Source(a_config, ConfigFile(Path("config.yaml"), {}))
    assert len([*_auto_reload(parse(flags), source, lambda: (), ManualClock())]) == tasks


def test_the_table_of_instances_has_one_width_and_no_forged_line() -> None:
    instances = [
        an_instance("x" * 70, instance_id="own"),
        replace(an_instance("ven\ndas", instance_id="A"), source="account:matriz"),
        replace(an_instance("ID-2", instance_id="ID-2"), source="account:matriz"),
    ]
    assert instance_table(instances).splitlines() == [
        f"{'NAME':60}  ID    SOURCE",
        f"{'x' * 70}  own   config",
        f"{'ven' + chr(92) + 'u000adas':60}  A     account:matriz",
        f"{'ID-2':60}  ID-2  account:matriz",
    ]
    assert instance_table(instances[2:]) == "NAME  ID    SOURCE\nID-2  ID-2  account:matriz\n"
