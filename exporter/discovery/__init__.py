"""The lists of accounts → the instances that are polled beside those of the configuration."""
