//go:build tools

// Package nats pins the NATS server that ion's programs talk through.
package nats

import _ "github.com/nats-io/nats-server/v2"
