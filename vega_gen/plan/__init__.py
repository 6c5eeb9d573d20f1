"""Stage 9: merge mined candidates and archetypes into one plan of a backend, and repair that plan while the backend is built.

The life of a plan, by module:

1. ``planner`` decides which functions the backend needs and asks a filler for ranked candidates; ``factories`` and ``signatures`` help it.
2. ``merge`` adds the archetype of each function to its candidates.
3. ``choose`` compiles the candidates of each function in rank order and takes the first that compiles.
4. ``layout`` (with ``donor_files`` and the ``layout_*`` modules) decides on files, includes, classes and declarations. Now there is a
   ``Plan``.
5. ``mend`` removes declarations that the compiler rejects.
6. While ``pipeline.building`` compiles and links the whole backend, ``blame`` traces each error to a function or declaration, and ``steps``
   lowers it: next candidate, archetype, the base class's default, stub, left out. ``stubs`` writes the stubs, ``demands`` the names that
   TableGen's tables use without a contract.
"""
