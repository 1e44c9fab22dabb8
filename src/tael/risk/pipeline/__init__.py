"""From a configuration to a rated model: select, train, calibrate, judge, report; a folder a model.

config, folder = read_config(Path("model.yaml")), ModelFolder(Path("model"))
run_selection(config, folder)
run_training(config, folder)
rated = run_calibration(config, folder)
rated.score(sample).tier
"""

from tael.risk.bins import MISSING_CODES, Bins, read_cuts
from tael.risk.bins import fit_bins as bins_of
from tael.risk.dataset import (
    OutcomeColumns,
    Outcomes,
    Wanted,
    join,
    keys_of,
    read_outcomes,
    read_table,
)
from tael.risk.facts import facts_from, facts_of
from tael.risk.pipeline.config import TrainingConfig
from tael.risk.pipeline.evaluation import (
    Evaluation,
    check_made_with,
    check_unseen,
    evaluate,
    judged_on_test,
    run_evaluation,
    segments_before,
)
from tael.risk.pipeline.folder import ModelFolder
from tael.risk.pipeline.inference import RejectTrial, reject_figures, run_rejects
from tael.risk.pipeline.rated import RatedModel, Scores, read_model
from tael.risk.pipeline.reading import read_config
from tael.risk.pipeline.report import Reported, page_of
from tael.risk.pipeline.rows import rows_of_test, rows_of_training
from tael.risk.pipeline.steps import run_calibration, run_selection, run_training
from tael.risk.pipeline.trials import (
    Candidate,
    Grouped,
    keep_part,
    parts_of,
    read_rule,
    run_challenge,
    run_groups,
)
from tael.risk.pipeline.work import run_monitoring

__all__ = [
    "MISSING_CODES", "Bins", "Candidate", "Evaluation", "Grouped", "ModelFolder", "OutcomeColumns",
    "Outcomes", "RatedModel", "RejectTrial", "Reported", "Scores", "TrainingConfig", "Wanted",
    "bins_of", "check_made_with", "check_unseen", "evaluate", "facts_from", "facts_of", "join",
    "judged_on_test", "keep_part", "keys_of", "page_of", "parts_of", "read_config", "read_cuts",
    "read_model", "read_outcomes", "read_rule", "read_table", "reject_figures", "rows_of_test",
    "rows_of_training", "run_calibration", "run_challenge", "run_evaluation", "run_groups",
    "run_monitoring", "run_rejects", "run_selection", "run_training", "segments_before",
]  # fmt: skip
