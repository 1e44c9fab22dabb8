"""Results as one self-contained HTML file: tables, figures and SVG charts, in Chinese or English.

Standard library only, no script, nothing fetched: the file can be mailed, printed and kept.
"""

from tael.report.page import Column, Figure, Page, Tone
from tael.report.plot import Axes, Bars, Series
from tael.report.values import Kind, Value, written
from tael.report.words import Text, Words

__all__ = [
    "Axes", "Bars", "Column", "Figure", "Kind", "Page", "Series", "Text", "Tone", "Value", "Words",
    "written",
]  # fmt: skip
