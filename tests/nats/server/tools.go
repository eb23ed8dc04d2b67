//go:build tools

// Package server pins the NATS server that the tests run.
package server

import _ "github.com/nats-io/nats-server/v2"
