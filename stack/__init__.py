"""``python -m stack``: the demo with a real Prometheus and Alertmanager beside it, from a metric to a message."""
