"""Stage 5: writes the files of a whole backend from a target's facts and the curated templates in ``templates/archetypes``.

It uses no donor and no model."""
