"""The command line: each module parses the arguments of a group of commands, calls the pipeline, and prints.

Nothing else prints or exits."""
