"""Prometheus exporter for WhatsApp instances behind Z-API."""

__version__ = "0.1.0"
