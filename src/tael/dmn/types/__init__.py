"""The static type checker: the type of every expression, and what is wrong with a model.

``check`` gives findings, ``infer`` the types of the elements, ``type_text`` writes a type. An error
is reported only where no value can do: what may be right, as a list that may hold one item, is let
through.
"""

from tael.dmn.feel.type_system import type_text
from tael.dmn.types.checker import check, infer

__all__ = ["check", "infer", "type_text"]
