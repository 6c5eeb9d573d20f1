"""Language models that are asked for a slot's statement in words: UniXcoder as VEGA has it, or any model of a Hugging Face folder.

``prompts`` says what is asked and reads answers; ``base`` is what both kinds share, ``unixcoder`` and ``hugging_face`` are the kinds;
``recipe`` and ``tuning`` train them and keep what was learnt; ``folder`` opens a pretrained model.
"""
