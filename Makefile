# make demo: the main job on a real plate.  make test: all tests.  Both set up all they need from the project's own files.
PYTHON ?= $(shell command -v python3.11 || echo python3)
export HOLIREP_RUNTIME ?= $(CURDIR)/.runtime
export PYTHONDONTWRITEBYTECODE = 1
# Processes that the host's tests run in, a file of tests in one of them; 0: all in this one.
TEST_PROCESSES ?= 2

HOST := .venv/bin/python
WORKER = $(HOLIREP_RUNTIME)/bin/python
HOST_READY := .venv/.ready
RUNTIME_READY := build/runtime.ready
FARM_READY := .farm/.ready
PLATE := build/plates/demo.mp4
LOCKS := $(wildcard holirep_blender/runtime/lock/*)

.PHONY: demo test test-host test-worker test-fast test-gui test-blenders lint types extension check benchmarks pictures clean

demo: $(HOST_READY) $(RUNTIME_READY) $(PLATE)
	$(HOST) -m demo --plate $(PLATE) --out demo_output --lit-frame 66 --sun 994,249 --face 1332,545,1364,575

test: test-host test-worker

test-host: $(HOST_READY) $(RUNTIME_READY) $(FARM_READY) $(PLATE)
	$(HOST) -m pytest -n $(TEST_PROCESSES) --dist loadfile --ignore tests/inference --ignore tests/training --ignore tests/gui

test-worker: $(HOST_READY) $(RUNTIME_READY) $(PLATE)
	$(WORKER) -m pip install -q -r requirements/worker-tests.txt
	$(WORKER) -m pytest -p no:cacheprovider tests/inference tests/training

test-fast: $(HOST_READY) $(RUNTIME_READY) $(PLATE)
	$(HOST) -m pytest -n $(TEST_PROCESSES) --dist loadfile --ignore tests/inference --ignore tests/training --ignore tests/gui -m "not slow"

# The real application on a virtual screen; skips, and says so, where HOLIREP_BLENDER_ROOT names no such Blender.
test-gui: $(HOST_READY) $(RUNTIME_READY) $(PLATE) extension
	$(HOST) -m pytest -s tests/gui

# Smoke tests of the built extension against other releases of Blender; 5.2 needs Python 3.13 and is skipped without it.
test-blenders: $(HOST_READY) extension
	$(HOST) -m tests.extension.blender_matrix

check: lint types extension

lint: $(HOST_READY)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: $(HOST_READY)
	.venv/bin/mypy
	.venv/bin/mypy --config-file requirements/mypy-bpy.ini

extension: $(HOST_READY)
	mkdir -p dist
	$(HOST) -m tests.extension.build dist

benchmarks: $(HOST_READY) $(RUNTIME_READY) $(PLATE)
	$(HOST) -m benchmarks

pictures: demo
	$(HOST) -m demo.pictures --demo demo_output --out docs/pictures $(if $(wildcard build/gui),--screens build/gui)

$(HOST_READY): requirements/host.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "HoliRep checkouts need Python 3.11 (set PYTHON=/path/to/python3.11)")'
	$(PYTHON) -m venv .venv
	$(HOST) -m pip install -q -r requirements/host.txt
	touch $@

# The engines of render farms, which the batch's templates are tested with; apart from the host's, as on a cluster.
$(FARM_READY): $(HOST_READY) requirements/farm-tests.txt
	$(PYTHON) -m venv .farm
	.farm/bin/python -m pip install -q -r requirements/farm-tests.txt
	touch $@

# The worker's environment is built as a user's is: by HoliRep's own installer.
$(RUNTIME_READY): $(HOST_READY) $(LOCKS)
	mkdir -p build
	$(HOST) -m holirep_blender runtime install --yes --python $(PYTHON)
	touch $@

$(PLATE): $(HOST_READY) requirements/sample-plate.txt
	mkdir -p build/plates
	$(HOST) -m pip download -q --no-deps -d build/plates -r requirements/sample-plate.txt
	$(HOST) -m demo.sample_plate build/plates $@

clean:
	rm -rf build dist demo_output .pytest_cache .mypy_cache .ruff_cache .hypothesis
