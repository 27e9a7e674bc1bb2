# What one types here; `make help` lists it.
PYTHON := .venv/bin/python
NOT_LIVE := --numprocesses 2 --dist loadfile -m "not live"
PACKAGES := agent tools retrieval ui eval
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev serve check audit test test-fast bench bench-recommender bench-exploration pictures clients soak constraints clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: ## set up what serving needs
	@./serve.sh --setup

setup-dev: ## set up what the tests need, too
	@./serve.sh --setup --dev --llm embedded

serve: ## start the language model and the app
	@./serve.sh

check: setup-dev ## format, lint, types, import layers, unsafe calls
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy --strict $(addprefix -p ,$(PACKAGES))
	.venv/bin/lint-imports
	.venv/bin/bandit --quiet --recursive --configfile pyproject.toml $(PACKAGES)

audit: setup-dev ## known vulnerabilities of what is installed; asks an advisory database on the net
	@said=$$(mktemp); timeout 600 .venv/bin/pip-audit --progress-spinner off --skip-editable >$$said 2>&1; \
	grep -v 'could not be audited' $$said; grep -c 'could not be audited' $$said | sed 's/$$/ packages the database does not know/'; \
	grep -q '^Found' $$said && found=1; grep -qE '^(Found|No) ' $$said && ! grep -q 'could not be audited: pip (' $$said && asked=1; \
	rm -f $$said; [ -z "$$found" ] || exit 1; [ -n "$$asked" ] || { echo 'Not audited: expected the advisory database to' \
	'know pip, found no answer. Run this again where the network reaches it.' >&2; exit 2; }

test: setup-dev ## every test: the real small model and a real browser, too
	@$(PYTHON) -m pytest $(NOT_LIVE); others=$$?; $(PYTHON) -m pytest -m live; live=$$?; [ $$others = 0 ] && [ $$live = 0 ]

test-fast: setup-dev ## without model, browser and servers
	$(PYTHON) -m pytest $(NOT_LIVE)

bench: setup-dev ## print the tables of benchmarks/README.md
	$(PYTHON) -m benchmarks

bench-recommender: setup-dev ## compare the recommender with well-known libraries; writes docs/recommender.md
	$(PYTHON) -m benchmarks.recommender --into docs/recommender.md --out docs/recommender.json

bench-exploration: setup-dev ## does exploring pay? docs/exploration.md and .json, some ten minutes
	$(PYTHON) -m benchmarks.exploration --parts all

pictures: setup-dev ## draw docs/images anew from a page that is served (URL=http://127.0.0.1:7860)
	$(PYTHON) -m benchmarks.pictures $(if $(URL),--url $(URL))

clients: setup-dev ## run every client of docs/integrate.md, Open WebUI's page too (CLIENTS="--only 'llm|litellm'")
	$(PYTHON) -m benchmarks.clients $(CLIENTS)

soak: setup-dev ## kill, starve and crowd a real server; writes docs/reliability.md, hours (SOAK="--parts kills,erasures"; --quick: a tenth)
	$(PYTHON) -m benchmarks.reliability --into docs/reliability.md $(SOAK)

constraints: ## write down the versions that are installed now
	{ head -n 1 .ci/constraints.txt; $(PYTHON) -m pip freeze --exclude-editable | grep -v ' @ ' | sed 's/+cpu$$//'; } > .ci/constraints.new
	mv .ci/constraints.new .ci/constraints.txt

clean: ## delete caches; data, environments and downloads stay
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist *.egg-info
	find $(PACKAGES) tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
