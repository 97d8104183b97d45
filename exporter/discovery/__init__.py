"""The lists of accounts → the instances that are polled in addition to those of the configuration."""
