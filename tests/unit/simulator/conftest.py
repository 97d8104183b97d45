"""A made-up instance, and servers that serve it."""

from tests.unit.demo.conftest import clock, instance, other, zapi

__all__ = ["clock", "instance", "other", "zapi"]
