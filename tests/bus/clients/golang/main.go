// Clients of tideway written in Go, each a scenario of its own:
//
//	clients goredis7 SUBSCRIBE_PORT PUBLISH_PORT
//	clients goredis9 SUBSCRIBE_PORT PUBLISH_PORT
//	clients events NATS_PORT DESCRIPTORS COUNT
//	clients nkey
//	clients credentials FOLDER
//
// The first two hear on one node what they publish on another: a channel and a pattern that both
// match, a hundred messages, each heard once by each of the two, in order. The third is a plain NATS
// client that reads change events as their schema file says: it prints "ready", then COUNT events as
// JSON, a line each. The others make keys for the tests of access, see access.go.
package main

import (
	"fmt"
	"os"
	"time"
)

const (
	count   = 100
	timeout = 10 * time.Second
	channel = "client:go/\xff \x00.*>"
	pattern = "client:go*"
)

func payload(number int) string { return fmt.Sprintf("\xfe%d\r\n", number) }

// check compares what was heard with what was published.
func check(heard []string) error {
	if len(heard) != count {
		return fmt.Errorf("heard %d messages instead of %d", len(heard), count)
	}
	for number, text := range heard {
		if text != payload(number) {
			return fmt.Errorf("message %d is %q", number, text)
		}
	}
	return nil
}

func address(port string) string { return "127.0.0.1:" + port }

func main() {
	var err error
	switch arguments := os.Args[1:]; {
	case len(arguments) == 3 && arguments[0] == "goredis7":
		err = goredis7(address(arguments[1]), address(arguments[2]))
	case len(arguments) == 3 && arguments[0] == "goredis9":
		err = goredis9(address(arguments[1]), address(arguments[2]))
	case len(arguments) == 4 && arguments[0] == "events":
		err = events("nats://"+address(arguments[1]), arguments[2], arguments[3])
	case len(arguments) == 1 && arguments[0] == "nkey":
		err = nkey()
	case len(arguments) == 2 && arguments[0] == "credentials":
		err = credentials(arguments[1])
	default:
		err = fmt.Errorf("usage: clients goredis7|goredis9|events|nkey|credentials …")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
