"""``zapi-report``: the availability of a month, from Prometheus, as a page and a table to hand in."""
