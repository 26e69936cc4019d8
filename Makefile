# make run    set up everything and run the whole product      PORT=8001 DATA_DIR=/var/lib/cartback make run
# make test   set up everything and run all tests              make test ARGS="-k quiet_hours"
# make lint   style, types, import laws, migrations, settings
# make bench  measure the hand-overs on this machine           make bench ARGS="--help"
PYTHON ?= python3
.PHONY: run test lint bench python

run: python
	@$(PYTHON) -I config/venv.py requirements.txt
	@.venv/bin/python -m config.run

test: python
	@$(PYTHON) -I config/venv.py requirements-dev.txt
	@.venv/bin/python -m pytest -n 2 $(ARGS)

lint: python
	@$(PYTHON) -I config/venv.py requirements-dev.txt
	.venv/bin/python -m ruff check
	.venv/bin/python -m ruff format --check
	.venv/bin/python -m mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/python manage.py makemigrations --check --dry-run
	.venv/bin/python manage.py check

bench: python
	@$(PYTHON) -I config/venv.py requirements-dev.txt
	@.venv/bin/python -m bench $(ARGS)

python:
	@command -v $(PYTHON) >/dev/null || { echo "Cartback needs Python 3.11 or newer; $(PYTHON) is not installed here." >&2; exit 1; }
