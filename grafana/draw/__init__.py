"""Draws the dashboards with Grafana's own packages and a real Prometheus, for development: no Grafana is needed."""
