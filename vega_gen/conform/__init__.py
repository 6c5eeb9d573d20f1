"""Compiles programs that nobody here wrote with a generated backend, runs them, and says of each what became of it.

``foreign`` fetches what they are, ``program_suites`` lists them; ``compilers`` compile C and IR with one backend, ``hosts`` link and run
objects, ``conforming`` gives each program its verdict, ``bisecting`` and ``mixing`` narrow down what fails.
"""
