// Checks that tideway's nodes over one TiDB behave like one Redis, whatever breaks: see README.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

type options struct {
	tideway, tidb, logs string
	runs, clients       int
	nodes               int
	length              time.Duration
	seed                uint64
	only                string
	selfCheck           bool
	checkLimit          time.Duration
	keepGoing           bool
}

func parse() options {
	var o options
	flag.StringVar(&o.tideway, "tideway", "build/release/tideway", "the server under test")
	flag.StringVar(&o.tidb, "tidb", "", "tidb-server; without it one node on its embedded store")
	flag.StringVar(&o.logs, "logs", "", "folder for what is kept of a failed run")
	flag.IntVar(&o.runs, "runs", 1, "how often")
	length := flag.Int("seconds", 30, "length of a run")
	flag.IntVar(&o.clients, "clients", 20, "clients at once")
	flag.IntVar(&o.nodes, "nodes", 2, "nodes over the database")
	flag.Uint64Var(&o.seed, "seed", 0, "of the first run; 0: by the clock")
	flag.StringVar(&o.only, "only", "", "faults to use, by commas: "+strings.Join(faultNames(), ","))
	flag.BoolVar(&o.selfCheck, "self-check", true, "first show that each broken rule is seen")
	flag.DurationVar(&o.checkLimit, "check-limit", 60*time.Second, "for the checker, an object")
	flag.BoolVar(&o.keepGoing, "keep-going", true, "make all runs, also when one fails")
	flag.Parse()
	o.length = time.Duration(*length) * time.Second
	for _, path := range []*string{&o.tideway, &o.logs} {
		if absolute, err := filepath.Abs(*path); err == nil && *path != "" {
			*path = absolute
		}
	}
	if o.seed == 0 {
		o.seed = uint64(time.Now().UnixNano()) % 1_000_000_000
	}
	if o.tidb == "" {
		o.nodes = 1
	}
	return o
}

func main() {
	os.Exit(run(parse()))
}

func run(o options) int {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		<-interrupted
		endProcesses()
		os.Exit(1)
	}()
	c, err := newCluster(o.tideway, o.tidb)
	if err == nil {
		defer c.close()
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	passed, failed := 0, 0
	count := func(ok bool) {
		if ok {
			passed++
		} else {
			failed++
		}
	}
	if o.selfCheck {
		for _, rule := range sabotageRules {
			count(selfCheck(c, o, rule))
		}
	}
	for i := range o.runs {
		if failed > 0 && !o.keepGoing {
			break
		}
		count(oneRun(c, o, i+1, o.seed+uint64(i)))
	}
	fmt.Printf("%d passed, %d failed, 0 skipped\n", passed, failed)
	if failed > 0 {
		return 1
	}
	return 0
}

// selfCheck breaks one rule in the test itself; the checker must see that.
func selfCheck(c *cluster, o options, rule string) bool {
	defer c.end()
	h := newHistory()
	if err := c.begin(o.nodes, o.seed, func(text string) { h.fail("%s", text) }); err != nil {
		fmt.Printf("self-check %s: FAILED: %v\n", rule, err)
		return false
	}
	h.start = time.Now()
	breaks := newSabotage(rule, o.seed)
	for round := range uint64(sabotageRounds) {
		stop := make(chan bool)
		time.AfterFunc(sabotageTime, func() { close(stop) })
		runClients(o.clients, o.seed+round, c.ports(), h, breaks, false, stop)
		h.checkLeases()
		found := h.check("", o.checkLimit)
		if seen := len(found.violations) + len(h.failures); seen > 0 {
			fmt.Printf("self-check %s: seen on %d of %d objects, %d operations in %.1f s\n", rule, seen,
				found.objects, len(h.events), seconds(h.now()))
			return true
		}
	}
	fmt.Printf("self-check %s: FAILED: in %d operations nobody saw it\n", rule, len(h.events))
	return false
}

// The end of a run is calm: so long for the cluster to be as it was, and so long without any error.
// What begins later than `recovered` after the last fault must be answered.
const (
	recovery  = 4 * time.Second
	calm      = 2 * time.Second
	recovered = 3 * time.Second
)

// oneRun breaks the cluster under load and judges what the clients saw.
func oneRun(c *cluster, o options, number int, seed uint64) bool {
	defer c.end()
	h := newHistory()
	if err := c.begin(o.nodes, seed, func(text string) { h.fail("%s", text) }); err != nil {
		fmt.Printf("run %d seed %d: FAILED to start: %v\n", number, seed, err)
		c.keepLogs(o.logs)
		return false
	}
	h.start = time.Now()
	// A database that is killed can tear a large transaction (README.md): half of the runs have those.
	large := c.database == nil || seed%2 == 1
	f := &faults{cluster: c, history: h, done: map[string]int{}, wanted: func(name string) bool {
		if c.database == nil && !strings.HasSuffix(name, "-node") || large && name == "kill-tidb" {
			return false
		}
		return o.only == "" || strings.Contains(","+o.only+",", ","+name+",")
	}}
	stop, heal := make(chan bool), make(chan bool)
	time.AfterFunc(max(0, o.length-recovery-calm), func() { close(heal) })
	healed := make(chan int64, 1)
	go func() {
		f.run(seed, heal)
		<-heal
		h.note("all is whole")
		healed <- h.now()
		time.AfterFunc(recovery+calm, func() { close(stop) })
	}()
	runClients(o.clients, seed, c.ports(), h, nil, large, stop)
	readAll(c, h)
	return judge(c, o, h, f, <-healed, fmt.Sprintf("run %d seed %d", number, seed))
}

// readAll reads every object once more: what was acknowledged must still be there.
func readAll(c *cluster, h *history) {
	reader := &client{number: -1, ports: c.ports(), history: h}
	seen := map[string]bool{}
	for _, e := range h.events {
		if isLease(e.Op) || seen[e.Op.Object] {
			continue
		}
		seen[e.Op.Object] = true
		reader.node = len(seen) % len(c.nodes)
		if !reader.connected() {
			h.fail("node %d does not accept connections", reader.node)
			return
		}
		reader.do(lastReads(e.Op.Object)...)
		if reader.connection != nil {
			reader.connection.close()
			reader.connection = nil
		}
	}
}

func lastReads(key string) []planned {
	switch kind, number, _ := strings.Cut(key, "."); kind {
	case "hash":
		return []planned{command(op{Kind: "hgetall", Object: key}, "HGETALL", key)}
	case "pair":
		return []planned{command(op{Kind: "both", Object: key}, "MGET", key+".0", key+".1")}
	case "db":
		var reads []planned
		for slot := range slots {
			words := [][]string{{"SELECT", number}, {"GET", fieldName(slot)}}
			reads = append(reads, planned{op: op{Kind: "get", Object: key, Slot: slot}, words: words})
		}
		return reads
	}
	return []planned{command(op{Kind: "get", Object: key}, "GET", key)}
}

func judge(c *cluster, o options, h *history, f *faults, healed int64, name string) bool {
	outcomes := map[outcome]int{}
	var slowest, last int64
	for _, e := range h.events {
		outcomes[e.Outcome]++
		slowest = max(slowest, e.End-e.Call)
		if e.Outcome != answered {
			last = max(last, e.Call)
		}
	}
	if late := last - healed; late > int64(recovered) {
		h.fail("an operation failed that began %.1f s after all was whole again", seconds(late))
	}
	h.checkLeases()
	found := h.check(o.logs, o.checkLimit)
	fmt.Printf("%s: %d operations (%d unknown, %d refused), slowest %.2f s; whole at %.1f s, "+
		"last failure %.2f s later; %d objects checked in %.1f s\n    faults: %s; cuts at COMMIT: %s\n",
		name, len(h.events), outcomes[unknown], outcomes[refused], seconds(slowest), seconds(healed),
		max(0, seconds(last-healed)), found.objects, found.took.Seconds(), f.summary(), c.cuts())
	for i, text := range h.failures {
		if i == 10 {
			fmt.Printf("    … and %d more\n", len(h.failures)-i)
			break
		}
		fmt.Printf("    FAILED: %s\n", text)
	}
	for _, object := range found.violations {
		fmt.Printf("    FAILED: the history of %s cannot be explained\n", object)
	}
	for _, object := range found.undecided {
		fmt.Printf("    FAILED: %s was not decided within %v\n", object, o.checkLimit)
	}
	if len(h.failures)+len(found.violations)+len(found.undecided) == 0 {
		return true
	}
	h.writeAll(o.logs)
	c.keepLogs(o.logs)
	fmt.Printf("    kept in %s; again with --runs 1 --seed %s\n", filepath.Clean(o.logs),
		name[strings.LastIndex(name, " ")+1:])
	return false
}
