//go:build tools

// Pins what the tests of the chart run.
package tools

import _ "helm.sh/helm/v3/cmd/helm"
