"""A real loan book played through the platform: train, decide, price, book, and compare.

    result = replay(Request(path, load_mapping("sba-7a"), train_until=Day(2004, 12, 31)))
    write(result, Path("out"))

Nothing known only after a decision reaches model, price or disbursement (see ``mapping``). Read the
files in this order: model, mapping, reader, train, decide, book, figures, play, report.
"""
