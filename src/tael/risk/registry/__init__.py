"""The registry of models: an append-only ledger of what was made, signed, used and retired.

    registry = Registry(Path("models"), SystemClock())
    registry.register_model(model, Lineage(plan, data, code, config))
    registry.sign(model.hash, Signature("Li Wei", "validator", Decision.APPROVED))
    registry.promote(model.hash, Promotion(Role.CHAMPION, by="Li Wei", why="gain of 0.02"))
    same = registry.restore(model.hash, Scorecard.from_json)

A folder of files and nothing else: ``ledger.jsonl`` (a record a line, each with the hash of the one
before), ``head.json`` (how many there are), ``models/HASH/`` (what the records name, by digest).
"""

from tael.risk.registry.artefacts import source_hash
from tael.risk.registry.chain import Fault, Happening, Record
from tael.risk.registry.events import Decision, Lineage, Promotion, Role, Signature
from tael.risk.registry.registry import Registry, Verification

__all__ = [
    "Decision", "Fault", "Happening", "Lineage", "Promotion", "Record", "Registry", "Role",
    "Signature", "Verification", "source_hash",
]  # fmt: skip
