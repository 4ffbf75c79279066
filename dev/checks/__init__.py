"""Checks of the addon's files that no ready-made tool does; each gives messages as `path:line: what is wrong`."""
