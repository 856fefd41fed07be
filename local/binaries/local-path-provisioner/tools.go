//go:build tools

// Package tools pins the provisioner of dynamic volumes, so that `go build` finds it in this module.
package tools

import _ "github.com/rancher/local-path-provisioner"
