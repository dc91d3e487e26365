# Thin: each target calls an npm script or a program of the project. `make help` lists them.
NODE := node_modules/.bin/node
MANIFEST ?= examples/orders.yaml
VERSION = $(shell node -p 'require("./package.json").version')
# The one of the machine, else the one that the real-cluster tier has made.
HELM ?= $(or $(shell command -v helm),$(or $(CLUSTER_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/warren-e2e)/bin/helm)

.DEFAULT_GOAL := help
.PHONY: help run test check sim fuzz oracle bench bench-micro images chart e2e e2e-local

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

node_modules/.package-lock.json: package-lock.json package.json broker-image/package.json operator/package.json
	npm ci --no-audit --no-fund
	@touch $@

run: node_modules/.package-lock.json ## run MANIFEST (examples/orders.yaml) here, without Kubernetes
	$(NODE) operator/src/local/main.ts $(MANIFEST)

test: node_modules/.package-lock.json ## unit, property and integration tests
	npm test -- $(VITEST)

check: node_modules/.package-lock.json ## format, lint, types
	npm run check

sim: node_modules/.package-lock.json ## live 1,000 seeded lives of a broker in one process (SEED=… and SEEDS=… choose)
	@export SEED=$${SEED:-$$(git rev-parse HEAD || date +%s)}; echo "SEED=$$SEED"; \
	$(NODE) node_modules/vitest/vitest.mjs run --config vitest.sim.config.ts $(VITEST) || { echo "SEED=$$SEED"; exit 1; }

fuzz: node_modules/.package-lock.json ## a million broken frames against one broker (SEED=… and FRAMES=… choose)
	@export SEED=$${SEED:-$$(git rev-parse HEAD || date +%s)}; echo "SEED=$$SEED"; \
	$(NODE) node_modules/vitest/vitest.mjs run --config vitest.fuzz.config.ts $(VITEST) || { echo "SEED=$$SEED"; exit 1; }

oracle: node_modules/.package-lock.json ## play every probe on Warren and RabbitMQ 3.10 and compare (installs the Debian package)
	$(NODE) node_modules/vitest/vitest.mjs run --config vitest.oracle.config.ts $(VITEST)

bench: node_modules/.package-lock.json ## measure against RabbitMQ 3.10 in one run (installs the Debian package; CASE=… chooses)
	$(NODE) bench/main.ts $(if $(CASE),--cases $(CASE)) $(BENCH)

bench-micro: node_modules/.package-lock.json ## measure codec, router, queue and log alone (MICRO=… chooses)
	@for part in $(or $(MICRO),codec router queue log); do echo "== $$part"; \
	$(NODE) --expose-gc --min-semi-space-size=128 --max-semi-space-size=128 bench/micro/$$part.ts || exit 1; done

images: ## build the images of the broker and the operator with Docker
	docker build -f broker-image/Dockerfile -t warren-broker:$(VERSION) .
	docker build -f operator/Dockerfile -t warren-operator:$(VERSION) .

chart: ## bring the CRDs into the Helm chart and check it
	rm -f charts/warren/crd-files/*.yaml
	cp crds/*.yaml charts/warren/crd-files/
	$(HELM) lint --strict charts/warren

e2e: node_modules/.package-lock.json ## test on kind (needs Docker, kind, kubectl, helm)
	test-e2e/run-kind.sh $(VITEST)

e2e-local: node_modules/.package-lock.json ## the same tests on three nodes without Docker (root; installs what it needs)
	test-e2e/run-local.sh $(VITEST)
