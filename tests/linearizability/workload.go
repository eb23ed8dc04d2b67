package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// Objects are left for new ones after this time. What is unknown about an object stays so, and too
	// much of it would be too much for the checker.
	epoch = 3 * time.Second
	// An answer that takes longer is a hang: backend-timeout, and a node that is frozen meanwhile.
	answerLimit = 10 * time.Second
)

// planned is an operation with the commands that make it; the last one's reply is its answer.
type planned struct {
	op     op
	words  [][]string
	second bool // the answer is the second one's instead
}

func command(o op, words ...string) planned { return planned{op: o, words: [][]string{words}} }

// client runs operations one after another, or a few at once in a pipeline, on one node until that
// fails, then on any.
type client struct {
	number  int
	random  *rand.Rand
	ports   []int
	history *history
	breaks  *sabotage         // nil: plays by the rules
	large   bool              // writes large values as well
	held    map[string]string // tokens of the locks that it holds, by key
	writes  int

	node       int
	connection *connection
}

// clients runs n of them until stop is closed.
func runClients(n int, seed uint64, ports []int, h *history, breaks *sabotage, large bool,
	stop <-chan bool) {
	var group sync.WaitGroup
	for i := range n {
		c := &client{
			number: i, random: rand.New(rand.NewPCG(seed, uint64(1000+i))), ports: ports, history: h,
			breaks: breaks, large: large, held: map[string]string{}, node: i % len(ports),
		}
		group.Add(1)
		go func() {
			defer group.Done()
			c.run(stop)
		}()
	}
	group.Wait()
}

func (c *client) run(stop <-chan bool) {
	defer c.disconnect()
	for {
		select {
		case <-stop:
			return
		default:
		}
		if !c.connected() {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		switch pick := c.random.IntN(20); {
		case pick < 4: // a pipeline
			several := make([]planned, 2+c.random.IntN(6))
			for i := range several {
				several[i] = c.plan()
			}
			c.do(several...)
		case pick < 6:
			c.compareAndSet()
		default:
			c.do(c.plan())
		}
		if c.random.IntN(400) == 0 {
			c.disconnect() // so that clients change their node also when nothing breaks
		}
	}
}

func (c *client) connected() bool {
	if c.connection != nil {
		return true
	}
	connection, err := dial(c.ports[c.node])
	if err != nil {
		c.node = c.random.IntN(len(c.ports))
		return false
	}
	c.connection = connection
	return true
}

func (c *client) disconnect() {
	if c.connection != nil {
		c.connection.close()
		c.connection = nil
		c.node = c.random.IntN(len(c.ports))
	}
}

// do sends the operations together and records what becomes of each. It gives the answers; none for
// an operation that was not answered.
func (c *client) do(several ...planned) []reply {
	var commands [][]string
	for _, one := range several {
		commands = append(commands, c.breaks.commands(one)...)
	}
	call := c.history.now()
	broken := c.connection.send(commands) != nil
	answers := make([]reply, len(several))
	var events []event
	for i, one := range several {
		e := event{Client: c.number, Node: c.node, Op: one.op, Call: call, Outcome: unknown}
		if !broken {
			answers[i], broken = c.receive(one)
		}
		e.End = c.history.now()
		if !broken {
			answers[i] = c.breaks.answer(one, answers[i])
			e.Reply = answers[i]
			e.Outcome = answered
			if answers[i].notApplied() {
				e.Outcome = refused
			} else if answers[i].isError() && answers[i] != "-ERR no such key" {
				c.history.fail("%s got %s", describe(one.op, answer{}), answers[i])
				e.Outcome = unknown
			}
		}
		c.learn(e)
		events = append(events, e)
	}
	c.history.add(events...)
	if broken {
		c.disconnect()
	}
	return answers
}

// receive reads the replies of one operation and gives its answer: that of its last command, or the
// first that says that the operation was not applied, as what follows that means something else.
func (c *client) receive(one planned) (reply, bool) {
	var seen reply
	for i := range c.breaks.commands(one) {
		next, err := c.connection.receive(time.Now().Add(answerLimit))
		if err != nil {
			if isTimeout(err) {
				c.history.fail("client %d: node %d did not answer %s within %v", c.number, c.node,
					describe(one.op, answer{}), answerLimit)
			}
			return "", true
		}
		if !seen.notApplied() && (!one.second || i <= 1) {
			seen = next
		}
	}
	switch kind, _, _ := strings.Cut(one.op.Object, "."); {
	case one.op.Kind == "hgetall":
		seen = sortedPairs(seen)
	case one.op.Kind == "keys":
		seen = sorted(seen)
	case kind == "large" && one.op.Kind == "get":
		seen = wholeLarge(seen)
	}
	return seen, false
}

// learn remembers which locks are ours.
func (c *client) learn(e event) {
	switch {
	case e.Op.Kind == "setnx" && e.Outcome == answered && e.Reply == "+OK" &&
		strings.HasPrefix(e.Op.Object, "lock."):
		c.held[e.Op.Object] = e.Op.Value
	case e.Op.Kind == "del" && e.Outcome != refused:
		delete(c.held, e.Op.Object)
	}
}

// value is one that nobody else writes.
func (c *client) value() string {
	c.writes++
	return fmt.Sprintf("c%dn%d", c.number, c.writes)
}

var numbers atomic.Int64

// unique is the same as a number, for what INCRBY may meet.
func unique() string { return strconv.FormatInt(1_000_000*numbers.Add(1), 10) }

// object names one of some objects of a kind in the present epoch.
func (c *client) object(kind string, some int) string {
	return fmt.Sprintf("%s.%d.%d", kind, c.history.now()/int64(epoch), c.random.IntN(some))
}

func (c *client) plan() planned {
	switch pick := c.random.IntN(100); {
	case pick < 18:
		return c.planRegister()
	case pick < 34:
		return c.planLock()
	case pick < 50:
		return c.planCounter()
	case pick < 66:
		return c.planHash()
	case pick < 76:
		key := c.object("list", 1)
		if c.random.IntN(4) == 0 {
			return command(op{Kind: "get", Object: key}, "GET", key)
		}
		token := c.value() + ";"
		return command(op{Kind: "append", Object: key, Value: token}, "APPEND", key, token)
	case pick < 78:
		return c.planDatabase()
	case pick < 80 && c.large:
		return c.planLarge()
	case pick < 84:
		key, token := c.object("lease", 1), c.value()
		ttl := strconv.FormatInt(leaseTTL.Milliseconds(), 10)
		return command(op{Kind: "lease", Object: key, Value: token}, "SET", key, token, "PX", ttl, "NX")
	default:
		return c.planPair()
	}
}

func (c *client) planRegister() planned {
	key := c.object("register", 2)
	switch pick := c.random.IntN(20); {
	case pick < 9:
		return command(op{Kind: "get", Object: key}, "GET", key)
	case pick < 10:
		return command(op{Kind: "del", Object: key}, "DEL", key)
	case pick < 11:
		value := c.value()
		return command(op{Kind: "getset", Object: key, Value: value}, "GETSET", key, value)
	default:
		value := c.value()
		return command(op{Kind: "set", Object: key, Value: value}, "SET", key, value)
	}
}

// A lock as ion takes it; only its owner gives it back.
func (c *client) planLock() planned {
	key := c.object("lock", 2)
	if _, ours := c.held[key]; ours {
		return command(op{Kind: "del", Object: key}, "DEL", key)
	}
	if c.random.IntN(4) == 0 {
		return command(op{Kind: "get", Object: key}, "GET", key)
	}
	token := c.value()
	return command(op{Kind: "setnx", Object: key, Value: token}, "SET", key, token, "EX", "1000", "NX")
}

func (c *client) planCounter() planned {
	key := c.object("counter", 2)
	if c.random.IntN(3) == 0 {
		return command(op{Kind: "get", Object: key}, "GET", key)
	}
	return command(op{Kind: "incr", Object: key, Value: "1"}, "INCR", key)
}

func (c *client) planHash() planned {
	key, slot, value := c.object("hash", 1), c.random.IntN(2), c.value()
	field := fieldName(slot)
	switch c.random.IntN(8) {
	case 0, 1:
		return command(op{Kind: "hget", Object: key, Slot: slot}, "HGET", key, field)
	case 2:
		return command(op{Kind: "hgetall", Object: key}, "HGETALL", key)
	case 3:
		return command(op{Kind: "hdel", Object: key, Slot: slot}, "HDEL", key, field)
	case 4:
		return command(op{Kind: "hsetnx", Object: key, Slot: slot, Value: value}, "HSETNX", key, field, value)
	case 5: // a field of its own, as it must hold a number
		return command(op{Kind: "hincrby", Object: key, Slot: 2, Value: "1"}, "HINCRBY", key, fieldName(2), "1")
	default:
		return command(op{Kind: "hset", Object: key, Slot: slot, Value: value}, "HSET", key, field, value)
	}
}

// A database of its own, of three keys. It is flushed now and then, and that must be one moment.
func (c *client) planDatabase() planned {
	number := 1 + c.history.now()/int64(epoch)%15
	slot := c.random.IntN(slots)
	o := op{Object: fmt.Sprintf("db.%d", number), Slot: slot}
	inside := func(kind string, words ...string) planned {
		o.Kind = kind
		return planned{op: o, second: true,
			words: [][]string{{"SELECT", strconv.FormatInt(number, 10)}, words, {"SELECT", "0"}}}
	}
	switch c.random.IntN(8) {
	case 0:
		return inside("flushdb", "FLUSHDB")
	case 1:
		return inside("keys", "KEYS", "*")
	case 2, 3:
		return inside("get", "GET", fieldName(slot))
	case 4:
		o.Value = "1"
		return inside("incr", "INCR", fieldName(slot))
	case 5:
		o.Value = unique()
		return inside("setnx", "SET", fieldName(slot), o.Value, "NX")
	case 6:
		return inside("del", "DEL", fieldName(slot))
	default:
		o.Value = unique()
		return inside("set", "SET", fieldName(slot), o.Value)
	}
}

// What is sent for a value that does not fit into a row of the database: the value again and again.
const (
	largeLeast = 1 << 10
	largeMost  = 300 << 10
)

func (c *client) planLarge() planned {
	key := c.object("large", 1)
	if c.random.IntN(2) == 0 {
		return command(op{Kind: "get", Object: key}, "GET", key)
	}
	value := c.value() + ";"
	size := largeLeast + c.random.IntN(largeMost-largeLeast)
	return command(op{Kind: "set", Object: key, Value: value},
		"SET", key, strings.Repeat(value, 1+size/len(value)))
}

// wholeLarge checks that a large value is that of one write, and gives what was written.
func wholeLarge(r reply) reply {
	text, found := strings.CutPrefix(string(r), "$")
	value, _, ended := strings.Cut(text, ";")
	if !found || !ended || strings.Repeat(value+";", len(text)/(len(value)+1)) != text {
		return r
	}
	return reply("$" + value + ";")
}

// Two keys that are only right together. More of them than of others: what is special about a key
// that was never there shows only once.
func (c *client) planPair() planned {
	name, slot, value := c.object("pair", 4), c.random.IntN(2), unique()
	one, two := name+".0", name+".1"
	if slot == 1 {
		one, two = two, one
	}
	o := op{Object: name, Slot: slot, Value: value}
	multi := func(kind string, commands ...string) planned {
		o.Kind = kind
		words := [][]string{{"MULTI"}}
		for _, command := range commands {
			words = append(words, strings.Fields(command))
		}
		return planned{op: o, words: append(words, []string{"EXEC"})}
	}
	plain := func(kind string, words ...string) planned {
		o.Kind = kind
		return command(o, words...)
	}
	switch c.random.IntN(12) {
	case 0, 1, 2, 3:
		return multi("cross", "GET "+one, "SET "+two+" "+value)
	case 4, 5:
		return multi("move", "DECRBY "+one+" "+value, "INCRBY "+two+" "+value)
	case 6:
		return multi("both", "GET "+one, "GET "+two)
	case 7:
		return plain("both", "MGET", one, two)
	case 8:
		return plain("mset", "MSET", one, value, two, value)
	case 9:
		return plain("msetnx", "MSETNX", one, value, two, value)
	case 10:
		return plain("rename", "RENAME", one, two)
	default:
		return plain("delboth", "DEL", one, two)
	}
}

// compareAndSet is WATCH, GET, MULTI, SET, EXEC.
func (c *client) compareAndSet() {
	key, value := c.object("watched", 1), c.value()
	get := planned{op: op{Kind: "get", Object: key}, words: [][]string{{"WATCH", key}, {"GET", key}}}
	read := c.do(get)[0]
	if c.connection == nil || read.isError() {
		c.disconnect() // with it goes the WATCH
		return
	}
	before := strings.TrimLeft(string(read), "$_")
	set := planned{op: op{Kind: "cas", Object: key, Value: value, Expect: before}, words: [][]string{{"MULTI"}, {"SET", key, value}, {"EXEC"}}}
	c.do(set)
}
