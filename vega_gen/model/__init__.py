"""Stage 7: the models that decide what stands in a slot. The only user of torch and transformers.

Enters: examples. Leaves: what stands in each slot and hole, with probabilities. It names no candidate function and writes none.

``network`` and ``decode`` are the edit model, which scores options; ``text``, ``unixcoder`` and ``hf`` are asked in words (``prompts``).

Nothing here is imported unless a model is trained or asked: torch takes seconds to load.
"""
