"""Run the stages in their order for the command line and for Python callers. Only this package knows more than one stage; it does not
print.

- A new backend: ``request`` checks the request, ``mining`` reads the donors, ``generation`` makes the plan, ``registering`` makes the
  triple known, ``building`` compiles and repairs, ``backend`` ties these together and writes.
- A held-out target: ``regressing`` generates the same way and judges each function.
- Models: ``example_files`` and ``training``; ``confidence`` calibrates their answers.
- A try-out: ``trying`` makes a plug-in of a .td, ``watching`` does so again on each change, ``searching`` with other facts.
- Programs that nobody here wrote: ``conformity`` compiles and runs them.
- The rest: ``climbing`` the ladder, ``exporting`` patches, a ``look`` into single stages.
"""

from vega_gen.conform.program_suites import suite_named
from vega_gen.pipeline import confidence
from vega_gen.pipeline.backend import Backend, climb_made, write_backend
from vega_gen.pipeline.climbing import climb_given
from vega_gen.pipeline.conformity import Conformity, ConformRequest, conform
from vega_gen.pipeline.exporting import export
from vega_gen.pipeline.generation import generate, new_target
from vega_gen.pipeline.inputs import Inputs, target_inputs
from vega_gen.pipeline.look import fill_one, mining, open_mined, target_features
from vega_gen.pipeline.mining import Mined, masker_of, mine, silent
from vega_gen.pipeline.regressing import Judged, RegressionRequest, judge_all
from vega_gen.pipeline.request import Prepared, Request, prepare
from vega_gen.pipeline.searching import searched
from vega_gen.pipeline.training import Lesson, lesson, train_model
from vega_gen.pipeline.try_request import TryRequest, TryResult
from vega_gen.pipeline.trying import try_out
from vega_gen.pipeline.watching import Retried, watch

__all__ = [
    "Backend", "ConformRequest", "Conformity", "Inputs", "Judged", "Lesson", "Mined", "Prepared", "RegressionRequest", "Request",
    "Retried", "TryRequest", "TryResult", "climb_given", "climb_made", "confidence", "conform", "export", "fill_one", "generate",
    "judge_all", "lesson", "masker_of", "mine", "mining", "new_target", "open_mined", "prepare", "searched", "silent", "suite_named",
    "target_features", "target_inputs", "train_model", "try_out", "watch", "write_backend",
]  # fmt: skip
