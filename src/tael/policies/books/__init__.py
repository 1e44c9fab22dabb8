"""A lender's own book of loans, uploaded: the analyst's first hour.

``read_file`` reads an ``.xlsx`` or text file into a sheet, ``staged`` drops or hashes personal
columns, ``choices_of`` and ``read_rows`` turn named columns into rows, ``analyse`` shows bad rates,
every cut-off with its money, and who changes sides.
"""

__all__: list[str] = []
