"""The command line: each module parses the arguments of a group of commands, calls the pipeline, and prints the result.

No other package prints or exits."""
