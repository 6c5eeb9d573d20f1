"""Language models that are prompted for a slot's statement: UniXcoder as in VEGA, or any model in a Hugging Face folder.

``prompts`` writes prompts and reads answers. ``base`` is what both kinds share; ``unixcoder`` and ``hugging_face`` are the kinds.
``recipe`` and ``tuning`` train and save them; ``folder`` opens a pretrained model.
"""
