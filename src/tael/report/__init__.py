"""Results as one self-contained HTML file: tables, figures and SVG charts, in Chinese or English.

Standard library only, no script, nothing fetched: the file can be mailed, printed and kept.
"""

from tael.report.page import Column, Figure, Page, Tone
from tael.report.plot import Axes, Bars, Series
from tael.report.values import Kind
from tael.report.words import Words

__all__ = ["Axes", "Bars", "Column", "Figure", "Kind", "Page", "Series", "Tone", "Words"]
