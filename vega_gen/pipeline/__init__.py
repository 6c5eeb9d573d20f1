"""The stages in their order; the only package that knows more than one stage.

Enters: what the command line was given. Leaves: plans, written backends, regressions, and what was mined. It does not print.
"""

from vega_gen.pipeline import confidence
from vega_gen.pipeline.backend import Backend, climb_made, write_backend
from vega_gen.pipeline.climbing import climb_given
from vega_gen.pipeline.exporting import export
from vega_gen.pipeline.generation import generate, new_target
from vega_gen.pipeline.inputs import Inputs, target_inputs
from vega_gen.pipeline.look import fill_one, mining, open_mined, target_features
from vega_gen.pipeline.mining import Mined, masker_of, mine, silent
from vega_gen.pipeline.regressing import regression, usual_filler
from vega_gen.pipeline.request import Prepared, Request, prepare
from vega_gen.pipeline.training import Lesson, lesson, train_model

__all__ = [
    "Backend",
    "Inputs",
    "Lesson",
    "Mined",
    "Prepared",

    "Request",
    "climb_given",
    "climb_made",
    "confidence",
    "export",
    "fill_one",
    "generate",
    "lesson",
    "masker_of",
    "mine",
    "mining",
    "new_target",
    "open_mined",
    "prepare",
    "regression",
    "silent",
    "target_features",
    "target_inputs",
    "train_model",
    "usual_filler",
    "write_backend",
]  # fmt: skip
