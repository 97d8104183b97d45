"""Availability: rules, figures and the report."""
