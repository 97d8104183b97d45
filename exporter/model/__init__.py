"""Values of the exporter: no input or output, no threads."""
