"""What would change the answer: the smallest changes an owner can bring about, and the letter.

    advised = Advised.of(bundle)
    advice = what_would_change(advised, inputs, cap)
    print(advice.words.en)
    print(letter(decision, decision.reasons, sender, advice).text("zh"))

Only what the policy declares under ``recourse`` is ever suggested, of a closed list of kinds.
"""

from tael.policies.recourse.advice import Advice, Answer, Change, what_would_change
from tael.policies.recourse.compiled import Advised, examined
from tael.policies.recourse.declared import Declared, Kind, Lever, declared
from tael.policies.recourse.judging import Target
from tael.policies.recourse.letter import Letter, Sender, letter

__all__ = [
    "Advice", "Advised", "Answer", "Change", "Declared", "Kind", "Letter", "Lever", "Sender",
    "Target", "declared", "examined", "letter", "what_would_change",
]  # fmt: skip
