"""What the exporter costs, measured beside its peers: ``make bench``.

The machine may be busy and shared, so CPU time is measured and not wall time, contenders take turns within a run, and
what counts are ratios of medians.
"""
