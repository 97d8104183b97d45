"""What the tests, the benchmarks and the stack share: real programs, ports, deadlines."""
