"""Every fault that the simulated Z-API can play, for the tests and the benchmarks."""
