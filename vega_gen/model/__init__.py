"""Stage 7: the model that decides what stands in a slot. The only user of torch and transformers.

Enters: examples. Leaves: probabilities of what may stand in each slot and hole. It names no candidate function and writes no text.

Nothing here is imported unless a model is trained or asked: torch takes seconds to load.
"""
