"""Stage 5: facts -> the files of a whole backend, from the curated bodies in ``templates/archetypes``.

No donor and no model has a part in it."""
