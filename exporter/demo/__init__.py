"""A simulated Z-API: what ``--demo`` polls, and what the tests and benchmarks poll."""
