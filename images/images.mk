# Images. To be included by a Makefile that makes `node_modules` ready; NODE is the Node of the checkout.
#
#   make images [IMAGE_PREFIX=registry.example/team/pgherd] [IMAGE_TAG=1.2.3] [IMAGES=postgres,operator]
#   make push    IMAGE_PREFIX=registry.example/team/pgherd  [IMAGE_TAG=1.2.3]
#
# The default prefix names no registry: a node that lacks the image says so, rather than pulling what somebody else published under
# that name, as docker.io/library/… would.
NODE ?= node_modules/.bin/node
IMAGE_PREFIX ?= localhost/pgherd
IMAGE_TAG ?=
IMAGES ?=
IMAGE_ARGUMENTS = --prefix '$(IMAGE_PREFIX)' $(if $(IMAGE_TAG),--tag '$(IMAGE_TAG)') $(if $(IMAGES),--only '$(IMAGES)')

.PHONY: images push
images:
	@$(NODE) images/build.ts $(IMAGE_ARGUMENTS)

push:
	@$(NODE) images/build.ts --push $(IMAGE_ARGUMENTS)
