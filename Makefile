# pgherd: what one can ask of this checkout. `make` alone prints this list.

.DEFAULT_GOAL := help
SHELL := /bin/bash
NODE := node_modules/.bin/node

-include images/images.mk

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

# npm leaves this file newer than the lock file when what is installed is what is locked.
node_modules/.package-lock.json: package-lock.json
	@command -v npm > /dev/null || { echo 'pgherd needs npm (any recent Node.js brings it); the Node that it runs on, it installs itself' >&2; exit 1; }
	@# Not `npm ci`: it refuses a lock file without the optional builds for other platforms, which not every registry carries.
	npm install --no-save --no-audit --no-fund --loglevel=error
	@touch $@

deps: node_modules/.package-lock.json ## Install what the checkout needs (Node 24 included)

check: deps ## Types, lint, format, dead code, layers
	PATH="$(CURDIR)/node_modules/.bin:$$PATH" npm run --silent check

demo: deps ## A local Kubernetes with pgherd and a cluster in it, from nothing (or KUBECONFIG=… IMAGE_PREFIX=…)
	@$(NODE) demo/demo.ts $(if $(filter command line,$(origin KUBECONFIG)),--kubeconfig '$(KUBECONFIG)') $(if $(filter command line,$(origin IMAGE_PREFIX)),--image-prefix '$(IMAGE_PREFIX)') $(if $(IMAGE_TAG),--image-tag '$(IMAGE_TAG)')

down: deps ## End the demo's Kubernetes and leave nothing behind
	@$(NODE) local/src/cli.ts down --name demo

test: deps ## All floors: checks, unit, API server, images, real cluster
	$(NODE) checks/test.ts check unit api image cluster

test-unit: deps ## The floors that need nothing but Node; seconds
	$(NODE) checks/test.ts unit

test-api: deps ## Tests against a real kube-apiserver and etcd
	$(NODE) checks/test.ts api

test-cluster: deps ## Tests on real nodes with real PostgreSQL
	$(NODE) checks/test.ts cluster

bench: deps ## Measure 100 clusters against the bars; writes bench/results (each bench takes OPTIONS='--both-kinds' and the like)
	$(NODE) bench/src/fleet.ts $(OPTIONS)

bench-create: deps ## Measure the creation of a cluster on real nodes (5 minutes)
	$(NODE) bench/src/create.ts $(OPTIONS)

bench-converged: deps ## Measure what converged clusters cost the operator (12 minutes)
	$(NODE) bench/src/converged.ts $(OPTIONS)

bench-faults: deps ## Measure what a client sees of each fault (an hour)
	$(NODE) bench/src/faults.ts $(OPTIONS)

bench-changes: deps ## Measure what a client sees of changes (half an hour)
	$(NODE) bench/src/changes.ts $(OPTIONS)

generate: deps ## CRDs, chart, overlays' rules and reference documents from their sources
	$(NODE) packages/api/scripts/generate.ts
	$(NODE) packages/operator/scripts/generate.ts

format: deps ## Format everything
	PATH="$(CURDIR)/node_modules/.bin:$$PATH" npm run --silent format


images: deps ## Build the images (IMAGE_PREFIX=… IMAGE_TAG=…)
push: deps ## Build and push them

.PHONY: help deps check demo down test test-unit test-api test-cluster bench bench-create bench-converged bench-faults bench-changes generate format
