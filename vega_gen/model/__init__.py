"""The models that predict the contents of template slots (stage 7). The only package that uses torch and transformers.

``network`` and ``decode`` are the edit model, which scores the options of a slot; ``language`` has language models, which are prompted
with text. Modules are imported only when a model is trained or used, because torch takes seconds to load.
"""

import os


def leads() -> bool:
    """Whether this process writes and prints: the first of those that ``accelerate launch`` starts, or the only one."""
    return os.environ.get("RANK", "0") == "0"
