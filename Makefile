# `make demo` and `make test` set up everything that they need.

PYTHON ?= python3
LLVM_VERSION ?= 19
LLVM ?= .llvm/$(LLVM_VERSION)
BIN := .venv/bin
SUDO := $(shell test "$$(id -u)" = 0 || echo sudo)

.PHONY: venv llvm demo demo-full test bench docs lint

venv: .venv/installed

# On Debian and Ubuntu, ensurepip is in the package python3-venv.
.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  { echo "installing python3-venv"; $(SUDO) apt-get update -q; $(SUDO) apt-get install -q -y --no-install-recommends python3-venv; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev,docs]'
	@touch $@

llvm: venv
	$(BIN)/vega-gen doctor --install
	@test -d $(LLVM)/llvm || $(BIN)/vega-gen llvm get --version $(LLVM_VERSION) $(LLVM)

# What vega-gen does, in five minutes (benchmarks/demo.py).
demo: llvm
	$(BIN)/python -m benchmarks.demo --llvm $(LLVM)

# Generate XCore from other backends, and judge every function of it.
demo-full: llvm
	@mkdir -p .vega
	$(BIN)/vega-gen new-target --td $(LLVM)/llvm/lib/Target/XCore/XCore.td --llvm $(LLVM) --out .vega/demo-full
	$(BIN)/vega-gen regress --target XCore --llvm $(LLVM) --mode td --work .vega/regress --json .vega/XCore-td.json

lint: venv
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python

# A test debugs a program.
test: lint llvm
	@command -v gdb-multiarch >/dev/null || { $(SUDO) apt-get update -q; $(SUDO) apt-get install -q -y --no-install-recommends gdb-multiarch; }
	$(BIN)/python -m pytest -n 2
	$(BIN)/lit -v lit_tests

docs: venv
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# The LLVMs whose packages apt does not have are left out.
bench: llvm
	@for version in 16 22; do $(BIN)/vega-gen doctor --install --llvm-version $$version || true; done
	$(BIN)/python -m benchmarks $(BENCH)
