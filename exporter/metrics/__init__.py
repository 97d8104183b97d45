"""The catalogue of metrics and the text of a scrape."""
