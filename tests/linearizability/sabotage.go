package main

import (
	"math/rand/v2"
	"sync"
	"time"
)

// sabotage breaks one rule on purpose, between the clients and the server, to show that the checker
// would see it.
type sabotage struct {
	rule string

	mutex  sync.Mutex
	random *rand.Rand
	first  map[string]reply // an old value of each key
	chosen map[string]bool  // of the write that is broken, by its value
}

// What can be broken: an acknowledged write is not there, a read is stale, an increment counts twice,
// a lock has two owners, a transaction is seen in part, a write was refused and applied all the
// same, a lease has two owners.
var sabotageRules = []string{
	"lost-set", "lost-hset", "stale-get", "double-incr", "second-owner", "torn-read", "applied-refusal",
	"second-lease",
}

func newSabotage(rule string, seed uint64) *sabotage {
	return &sabotage{
		rule: rule, random: rand.New(rand.NewPCG(seed, 5)), first: map[string]reply{},
		chosen: map[string]bool{},
	}
}

// now and then; a value is broken for good or not at all.
func (s *sabotage) chooses(value string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	chosen, known := s.chosen[value]
	if !known {
		chosen = s.random.IntN(8) == 0
		s.chosen[value] = chosen
	}
	return chosen
}

// commands gives what is sent for an operation.
func (s *sabotage) commands(one planned) [][]string {
	if s == nil {
		return one.words
	}
	switch {
	case s.rule == "lost-set" && one.op.Kind == "set" && s.chooses(one.op.Value),
		s.rule == "lost-hset" && one.op.Kind == "hset" && s.chooses(one.op.Value):
		return [][]string{{"PING"}}
	case s.rule == "double-incr" && one.op.Kind == "hincrby":
		return [][]string{one.words[0], one.words[0]}
	}
	return one.words
}

// answer gives what the client is told.
func (s *sabotage) answer(one planned, told reply) reply {
	if s == nil {
		return told
	}
	switch o := one.op; {
	case s.rule == "lost-set" && o.Kind == "set" && s.chooses(o.Value):
		return "+OK"
	case s.rule == "lost-hset" && o.Kind == "hset" && s.chooses(o.Value):
		return ":0"
	case s.rule == "stale-get" && o.Kind == "get":
		return s.stale(o.Object, told)
	case s.rule == "second-owner" && o.Kind == "setnx" && s.chooses(o.Value),
		s.rule == "second-lease" && o.Kind == "lease" && s.chooses(o.Value):
		return "+OK"
	case s.rule == "torn-read" && o.Kind == "both" && len(told.items()) == 2:
		return array(told.items()[0], s.stale(o.Object, told.items()[1]))
	case s.rule == "applied-refusal" && o.Kind == "set" && s.chooses(o.Value):
		return "-TRYAGAIN says the test"
	}
	return told
}

// stale answers now and then with what the key held when it was read first.
func (s *sabotage) stale(key string, told reply) reply {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	old, known := s.first[key]
	if !known {
		s.first[key] = told
		return told
	}
	if s.random.IntN(6) == 0 {
		return old
	}
	return told
}

// A broken rule has to be seen within so many rounds of that length.
const (
	sabotageTime   = time.Second
	sabotageRounds = 10
)
