"""One module per development command; each has a `main(arguments)` that returns an exit code."""
