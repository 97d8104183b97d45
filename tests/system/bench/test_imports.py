"""What a start loads, and what it does not."""

import subprocess
import sys

import pytest

LOADED = """
import sys
sys.argv = ["zapi-exporter", *{arguments}]
try:
    from exporter.cli import main
    main()
except SystemExit:
    pass
print(*sys.modules, file=sys.stderr)
"""
HEAVY = {"asyncio", "bcrypt", "h11", "jinja2", "prometheus_client", "pydantic", "requests", "urllib3", "yaml"}


def loaded(*arguments: str) -> set[str]:
    """The modules that the command has loaded when it ends."""
    command = [sys.executable, "-c", LOADED.format(arguments=list(arguments))]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return set(ended.stderr.split())


@pytest.mark.parametrize("flag", ["--version", "--help"])
def test_what_only_tells_of_the_command_loads_nothing_heavy(flag: str) -> None:
    assert not HEAVY & loaded(flag)


def test_a_start_without_the_demo_does_not_load_it() -> None:
    modules = loaded("--config.file=/nonexistent.yaml")
    assert "exporter.daemon" in modules
    assert not [module for module in modules if module.startswith("exporter.demo")]
