# Aliases, for people who like make; each shows the command it stands for.
.PHONY: demo test check format docs requirements notices reference

demo:          ## start everything and play some hundred loans
	uv run tael demo

test:          ## all tests
	uv run pytest

check:         ## what a change must pass, from install to docs
	bash .ci/run

format:        ## put files into shape
	uv run ruff check --fix .
	uv run ruff format .

docs:          ## the documentation, into site/
	uv run mkdocs build --strict

requirements:  ## pin every dependency with its hashes
	bash .ci/requirements $(OUT)

notices:       ## list the licences of what Tael is built on
	uv run --no-dev --isolated python .ci/notices.py > THIRD_PARTY_NOTICES.md

reference:     ## write the reference pages that follow the code
	uv run python .ci/reference.py
