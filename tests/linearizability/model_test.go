package main

import (
	"math"
	"testing"

	"github.com/anishathalye/porcupine"
)

// Histories as a person writes them: who, what, from when to when.
func operation(client int, o op, call, end int64, seen answer) porcupine.Operation {
	return porcupine.Operation{ClientId: client, Input: o, Call: call, Output: seen, Return: end}
}

func known(r reply) answer { return answer{true, r} }

func legal(operations ...porcupine.Operation) bool {
	return porcupine.CheckOperations(model, operations)
}

func TestReadThatOverlapsAWriteMaySeeEither(t *testing.T) {
	write := operation(0, op{Kind: "set", Value: "a"}, 0, 10, known("+OK"))
	for _, seen := range []reply{"_", "$a"} {
		if !legal(write, operation(1, op{Kind: "get"}, 5, 6, known(seen))) {
			t.Errorf("%s is refused", seen)
		}
	}
}

func TestReadAfterAWriteMustSeeIt(t *testing.T) {
	write := operation(0, op{Kind: "set", Value: "a"}, 0, 10, known("+OK"))
	if legal(write, operation(1, op{Kind: "get"}, 11, 12, known("_"))) {
		t.Error("a lost write is not seen")
	}
}

func TestUnknownWriteMayHappenLateOrNever(t *testing.T) {
	write := operation(0, op{Kind: "set", Value: "a"}, 0, math.MaxInt64, answer{})
	for _, seen := range []reply{"_", "$a"} {
		if !legal(write, operation(1, op{Kind: "get"}, 100, 101, known(seen))) {
			t.Errorf("%s is refused", seen)
		}
	}
	twice := legal(write,
		operation(1, op{Kind: "get"}, 100, 101, known("$a")),
		operation(1, op{Kind: "set", Value: "b"}, 110, 111, known("+OK")),
		operation(1, op{Kind: "get"}, 120, 121, known("$a")))
	if twice {
		t.Error("a write that happens twice is not seen")
	}
}

func TestIncrementsOfUnknownOutcomeCountOnceAtMost(t *testing.T) {
	increment := func(twin int) op { return op{Kind: "incr", Value: "1", Twin: twin} }
	for sum, expected := range map[reply]bool{"_": true, "$1": true, "$2": true, "$3": false} {
		found := legal(
			operation(0, increment(1), 0, math.MaxInt64, answer{}),
			operation(1, increment(2), 1, math.MaxInt64, answer{}),
			operation(2, op{Kind: "get"}, 50, 51, known(sum)))
		if found != expected {
			t.Errorf("%s: %v", sum, found)
		}
	}
}

func TestLockHasOneOwner(t *testing.T) {
	take := func(value string) op { return op{Kind: "setnx", Value: value} }
	if legal(operation(0, take("a"), 0, 10, known("+OK")), operation(1, take("b"), 5, 15, known("+OK"))) {
		t.Error("two owners are not seen")
	}
	if !legal(
		operation(0, take("a"), 0, 10, known("+OK")), operation(1, take("b"), 5, 15, known("_")),
		operation(0, op{Kind: "del"}, 20, 30, known(":1")), operation(1, take("b"), 25, 35, known("+OK"))) {
		t.Error("a lock that is given back cannot be taken")
	}
}

func TestPairIsReadWhole(t *testing.T) {
	move := operation(0, op{Kind: "move", Value: "5"}, 0, 10, known("*[:-5,:5]"))
	both := func(seen reply) porcupine.Operation {
		return operation(1, op{Kind: "both"}, 5, 6, known(seen))
	}
	if !legal(move, both("*[_,_]")) || !legal(move, both("*[$-5,$5]")) {
		t.Error("whole states are refused")
	}
	if legal(move, both("*[$-5,_]")) {
		t.Error("half a transaction is not seen")
	}
}

func TestCrossedTransactionsAreOneAfterTheOther(t *testing.T) {
	first := op{Kind: "cross", Slot: 0, Value: "1"}  // reads 0, writes 1
	second := op{Kind: "cross", Slot: 1, Value: "2"} // reads 1, writes 0
	if legal(operation(0, first, 0, 10, known("*[_,+OK]")), operation(1, second, 0, 10, known("*[_,+OK]"))) {
		t.Error("write skew is not seen")
	}
}

func TestAppendOfUnknownOutcomeIsFoundInTheList(t *testing.T) {
	h := newHistory()
	h.add(
		event{Op: op{Kind: "append", Object: "list.0", Value: "a1;"}, Call: 0, End: 1,
			Outcome: answered, Reply: ":3"},
		event{Op: op{Kind: "append", Object: "list.0", Value: "b1;"}, Call: 2, End: 3, Outcome: unknown},
		event{Op: op{Kind: "append", Object: "list.0", Value: "c1;"}, Call: 4, End: 5, Outcome: unknown},
		event{Op: op{Kind: "get", Object: "list.0"}, Call: 6, End: 7,
			Outcome: answered, Reply: "$a1;c1;"})
	operations := h.operations()["list.0"]
	if len(operations) != 3 || operations[1].Output.(answer).Reply != ":6" || !legal(operations...) {
		t.Errorf("%v", operations)
	}
}
