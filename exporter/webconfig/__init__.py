"""The exporter-toolkit's web configuration."""
