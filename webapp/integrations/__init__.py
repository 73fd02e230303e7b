"""The outside world, each part with a plain twin."""
