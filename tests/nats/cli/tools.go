//go:build tools

// Package cli pins NATS's command line client.
package cli

import _ "github.com/nats-io/natscli/nats"
