"""From a configuration to a rated model: select, train, calibrate, judge, report; a folder a model.

    config, folder = read_config(Path("model.yaml")), ModelFolder(Path("model"))
    run_selection(config, folder)
    run_training(config, folder)
    rated = run_calibration(config, folder)
    rated.score(sample).tier
"""

from tael.risk.dataset import OutcomeColumns, Outcomes, Wanted, join, read_outcomes, read_table
from tael.risk.pipeline.config import TrainingConfig, read_config
from tael.risk.pipeline.folder import ModelFolder
from tael.risk.pipeline.rated import RatedModel, Scores, read_model
from tael.risk.pipeline.steps import run_calibration, run_selection, run_training

__all__ = [
    "ModelFolder", "OutcomeColumns", "Outcomes", "RatedModel", "Scores", "TrainingConfig",
    "Wanted", "join", "read_config", "read_model", "read_outcomes", "read_table",
    "run_calibration", "run_selection", "run_training",
]  # fmt: skip
