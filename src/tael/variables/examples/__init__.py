"""Two published sets through the door of the engine: definitions, a reader and a page for each.

``invoices``: the VAT invoices of 425 Chinese firms of the CUMCM 2020 problem C. ``berka``: the bank
transactions of the PKDD 1999 challenge. The data are not shipped; the definitions are.
"""
