//go:build tools

// Package tidb pins the TiDB that the tests run.
package tidb

import _ "github.com/pingcap/tidb/cmd/tidb-server"
