# Thin: each target calls an npm script or a program of the project. `make help` lists them.
NODE := node_modules/.bin/node
MANIFEST ?= examples/orders.yaml

.DEFAULT_GOAL := help
.PHONY: help run test check sim bench images chart e2e e2e-local

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

node_modules/.package-lock.json: package-lock.json package.json broker-image/package.json operator/package.json
	npm ci --no-audit --no-fund
	@touch $@

run: node_modules/.package-lock.json ## run MANIFEST (examples/orders.yaml) here, without Kubernetes
	$(NODE) operator/src/local/main.ts $(MANIFEST)

test: node_modules/.package-lock.json ## unit, property and integration tests
	npm test

check: node_modules/.package-lock.json ## format, lint, types
	npm run check

bench: node_modules/.package-lock.json ## measure against RabbitMQ 3.10 in one run (installs the Debian package)
	$(NODE) bench/main.ts $(BENCH)
