package main

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"sync"
	"time"
)

// faults breaks the cluster at random: one loop for processes, one for what lies between them, so
// that the two also meet.
type faults struct {
	cluster *cluster
	history *history
	wanted  func(name string) bool

	mutex sync.Mutex
	done  map[string]int
}

type fault struct {
	name   string
	weight int
	run    func(*faults, *rand.Rand, <-chan bool)
}

var processFaults = []fault{
	{"kill-node", 4, (*faults).killNode},
	{"kill-tidb", 3, (*faults).killDatabase},
	{"freeze-tidb", 3, (*faults).freezeDatabase},
	{"freeze-node", 1, (*faults).freezeNode},
}

var networkFaults = []fault{
	{"cut-all", 2, (*faults).cutAll},
	{"stall", 2, (*faults).stall},
	{"cut-commit-before", 1, cutCommits(cutBefore)},
	{"cut-commit-inside", 1, cutCommits(cutInside)},
	{"cut-commit-after", 2, cutCommits(cutAfter)},
	{"cut-commit-answer", 1, cutCommits(cutAnswer)},
	{"cut-commit-late", 2, cutCommits(cutLate)},
}

func faultNames() []string {
	var names []string
	for _, f := range append(append([]fault{}, processFaults...), networkFaults...) {
		names = append(names, f.name)
	}
	return names
}

// run breaks things until stop is closed; afterwards everything is whole again.
func (f *faults) run(seed uint64, stop <-chan bool) {
	var group sync.WaitGroup
	for i, list := range [][]fault{processFaults, networkFaults} {
		var chosen []fault
		for _, one := range list {
			if f.wanted(one.name) {
				for range one.weight {
					chosen = append(chosen, one)
				}
			}
		}
		if len(chosen) == 0 {
			continue
		}
		random := rand.New(rand.NewPCG(seed, uint64(i)+1))
		group.Add(1)
		go func() {
			defer group.Done()
			for sleep(stop, between(random, 200*time.Millisecond, 2*time.Second)) {
				chosen[random.IntN(len(chosen))].run(f, random, stop)
			}
		}()
	}
	group.Wait()
}

// sleep waits; false when stop came first.
func sleep(stop <-chan bool, time_ time.Duration) bool {
	select {
	case <-stop:
		return false
	case <-time.After(time_):
		return true
	}
}

func between(random *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(random.Int64N(int64(most-least)))
}

func (f *faults) begin(name, format string, args ...any) {
	f.mutex.Lock()
	f.done[name]++
	f.mutex.Unlock()
	f.history.note(format, args...)
}

func (f *faults) summary() string {
	names := make([]string, 0, len(f.done))
	for name := range f.done {
		names = append(names, name)
	}
	sort.Strings(names)
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, f.done[name])
	}
	return strings.Join(names, ", ")
}

func (f *faults) killNode(random *rand.Rand, stop <-chan bool) {
	i := random.IntN(len(f.cluster.nodes))
	f.begin("kill-node", "node %d is killed", i)
	f.cluster.nodes[i].kill()
	sleep(stop, between(random, 0, time.Second))
	f.history.note("node %d is started", i)
	if err := f.cluster.nodes[i].start(); err != nil {
		f.history.fail("%v", err)
	}
}

func (f *faults) killDatabase(random *rand.Rand, stop <-chan bool) {
	f.begin("kill-tidb", "tidb-server is killed")
	f.cluster.database.kill()
	pause := between(random, 0, time.Second)
	if random.IntN(4) == 0 {
		pause = between(random, 3*time.Second, 5*time.Second) // longer than backend-timeout
	}
	sleep(stop, pause)
	f.history.note("tidb-server is started")
	if err := f.cluster.startDatabase(); err != nil {
		f.history.fail("%v", err)
	}
	f.history.note("tidb-server listens")
}

func (f *faults) freezeDatabase(random *rand.Rand, stop <-chan bool) {
	f.begin("freeze-tidb", "tidb-server is frozen")
	f.cluster.database.freeze()
	pause := between(random, 100*time.Millisecond, 2*time.Second)
	if random.IntN(3) == 0 {
		pause = between(random, 3*time.Second, 5*time.Second)
	}
	sleep(stop, pause)
	f.cluster.database.thaw()
	f.history.note("tidb-server goes on")
}

func (f *faults) freezeNode(random *rand.Rand, stop <-chan bool) {
	i := random.IntN(len(f.cluster.nodes))
	f.begin("freeze-node", "node %d is frozen", i)
	f.cluster.nodes[i].freeze()
	sleep(stop, between(random, 100*time.Millisecond, 4*time.Second))
	f.cluster.nodes[i].thaw()
	f.history.note("node %d goes on", i)
}

// proxies gives one of them or all.
func (f *faults) proxies(random *rand.Rand) ([]*proxy, string) {
	i := random.IntN(len(f.cluster.proxies) + 1)
	if i == len(f.cluster.proxies) {
		return f.cluster.proxies, "all nodes"
	}
	return f.cluster.proxies[i : i+1], fmt.Sprintf("node %d", i)
}

func (f *faults) cutAll(random *rand.Rand, _ <-chan bool) {
	chosen, whose := f.proxies(random)
	f.begin("cut-all", "the connections of %s are cut", whose)
	for _, p := range chosen {
		p.cutAll()
	}
}

func cutCommits(kind cut) func(*faults, *rand.Rand, <-chan bool) {
	return func(f *faults, random *rand.Rand, stop <-chan bool) {
		chosen, whose := f.proxies(random)
		part := 0.02 + 0.3*random.Float64()
		if random.IntN(5) == 0 {
			part = 0.9 // those that resolve the others are hit as well
		}
		f.begin("cut-commit-"+cutNames[kind], "connections of %s are cut at COMMIT (%s, %.0f %%)",
			whose, cutNames[kind], 100*part)
		for _, p := range chosen {
			p.cutCommits(kind, part)
		}
		sleep(stop, between(random, 200*time.Millisecond, 3*time.Second))
		for _, p := range chosen {
			p.cutCommits(cutNothing, 0)
		}
		f.history.note("no cuts any more")
	}
}

func (f *faults) stall(random *rand.Rand, stop <-chan bool) {
	chosen, whose := f.proxies(random)
	f.begin("stall", "the connections of %s stall", whose)
	for _, p := range chosen {
		p.stall()
	}
	sleep(stop, between(random, 100*time.Millisecond, 5*time.Second))
	for _, p := range chosen {
		p.resume()
	}
	f.history.note("the connections of %s go on", whose)
}
