"""Builds the Debian package from the wheel and the lock file."""
