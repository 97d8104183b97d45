"""A file → a frozen :class:`Config`, or every problem with its line."""

from exporter.config.files import Fingerprint
from exporter.config.load import load
from exporter.config.problem import InvalidConfig, Problem
from exporter.config.watch import ConfigFile
from exporter.model.settings import Api, Config, Instance, Polling

__all__ = [
    "Api",
    "Config",
    "ConfigFile",
    "Fingerprint",
    "Instance",
    "InvalidConfig",
    "Polling",
    "Problem",
    "load",
]
