"""A lender's own book of loans, uploaded: the analyst's first hour.

``Books`` keeps uploaded books: a file is read (``read``, ``keep``), its columns are named
(``name_columns``, ``confirm``), and it shows bad rates by band and vintage, every cut-off with its
money, and who changes sides (``look``); a cut-off becomes a policy draft (``draft``) or a file for
a spreadsheet (``export``). Columns that look like personal data are hashed or left out when the
file is read; columns that nobody names are dropped.
"""

from tael.policies.books.analysis import Analysis, Group
from tael.policies.books.cutoffs import SIDES, Figures
from tael.policies.books.memory import MemoryBookStore
from tael.policies.books.model import (
    CURRENCY,
    MOST_BYTES,
    OUTCOMES,
    RANKING,
    Book,
    BookId,
    BookState,
    Note,
    Role,
)
from tael.policies.books.money import Assumptions
from tael.policies.books.ports import Outside
from tael.policies.books.service import Books, Naming
from tael.policies.books.store import SqlBookStore
from tael.policies.books.wording import rule_text

__all__ = [
    "CURRENCY",
    "MOST_BYTES",
    "OUTCOMES",
    "RANKING",
    "SIDES",
    "Analysis",
    "Assumptions",
    "Book",
    "BookId",
    "BookState",
    "Books",
    "Figures",
    "Group",
    "MemoryBookStore",
    "Naming",
    "Note",
    "Outside",
    "Role",
    "SqlBookStore",
    "rule_text",
]
