"""Stage 7: the models that decide what stands in a slot. The only user of torch and transformers.

Enters: examples. Leaves: what stands in each slot and hole, with probabilities. It names no candidate function and writes none.

``network`` and ``decode`` are the edit model, which scores options; language models, which are asked in words, are in ``language``.

Nothing here is imported unless a model is trained or asked: torch takes seconds to load.
"""

import os


def leads() -> bool:
    """Whether this process writes and prints: of several that ``accelerate launch`` began, the first."""
    return os.environ.get("RANK", "0") == "0"
