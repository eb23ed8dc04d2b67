package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// reply is one answer of the server. Its text compares: `_` nil, `$v` bulk, `:n` integer, `+s` simple,
// `-s` error, `*[…]` array.
type reply string

func (r reply) isError() bool { return strings.HasPrefix(string(r), "-") }

// notApplied tells whether the server promises that the command changed nothing.
func (r reply) notApplied() bool { return strings.HasPrefix(string(r), "-TRYAGAIN ") }

// items gives the elements of an array of plain replies.
func (r reply) items() []reply {
	inner, found := strings.CutPrefix(string(r), "*[")
	if !found || inner == "]" {
		return nil
	}
	var items []reply
	for _, item := range strings.Split(strings.TrimSuffix(inner, "]"), ",") {
		items = append(items, reply(item))
	}
	return items
}

func array(items ...reply) reply {
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = string(item)
	}
	return reply("*[" + strings.Join(texts, ",") + "]")
}

func bulk(value string) reply {
	if value == "" { // no value of ours is empty: it stands for none
		return "_"
	}
	return reply("$" + value)
}

func integer(n int64) reply { return reply(":" + strconv.FormatInt(n, 10)) }

// sortedPairs brings the answer of HGETALL into the order of its fields.
func sortedPairs(r reply) reply {
	items := r.items()
	if len(items) == 0 || len(items)%2 != 0 {
		return r
	}
	pairs := make([]string, 0, len(items)/2)
	for i := 0; i < len(items); i += 2 {
		pairs = append(pairs, string(items[i])+","+string(items[i+1]))
	}
	sort.Strings(pairs)
	return reply("*[" + strings.Join(pairs, ",") + "]")
}

func sorted(r reply) reply {
	items := r.items()
	if len(items) == 0 {
		return r
	}
	slices.Sort(items)
	return array(items...)
}

// connection is a client's socket. Nothing is repeated or hidden: an error of it means that the
// outcome of what was sent and not answered is unknown.
type connection struct {
	socket net.Conn
	reader *bufio.Reader
}

func dial(port int) (*connection, error) {
	socket, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), 2*time.Second)
	if err != nil {
		return nil, err
	}
	return &connection{socket, bufio.NewReader(socket)}, nil
}

func (c *connection) close() { c.socket.Close() }

func (c *connection) send(commands [][]string) error {
	var packet []byte
	for _, words := range commands {
		packet = fmt.Appendf(packet, "*%d\r\n", len(words))
		for _, word := range words {
			packet = fmt.Appendf(packet, "$%d\r\n%s\r\n", len(word), word)
		}
	}
	_, err := c.socket.Write(packet)
	return err
}

func (c *connection) receive(deadline time.Time) (reply, error) {
	if err := c.socket.SetReadDeadline(deadline); err != nil {
		return "", err
	}
	return c.read()
}

func (c *connection) read() (reply, error) {
	line, err := c.reader.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimSuffix(line, "\r\n")
	if line == "" {
		return "", errors.New("an empty line instead of a reply")
	}
	switch line[0] {
	case '+', '-', ':':
		return reply(line), nil
	}
	size, err := strconv.Atoi(line[1:])
	if err != nil || (line[0] != '$' && line[0] != '*') {
		return "", fmt.Errorf("not a reply: %q", line)
	}
	if size < 0 {
		return "_", nil
	}
	if line[0] == '$' {
		bytes := make([]byte, size+2)
		if _, err := io.ReadFull(c.reader, bytes); err != nil {
			return "", err
		}
		return reply("$" + string(bytes[:size])), nil
	}
	items := make([]reply, size)
	for i := range items {
		if items[i], err = c.read(); err != nil {
			return "", err
		}
	}
	return array(items...), nil
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
