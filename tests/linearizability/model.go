package main

import (
	"fmt"
	"hash/maphash"
	"strconv"
	"strings"

	"github.com/anishathalye/porcupine"
)

// op is one operation on an object: a key, or two keys that are always used together.
type op struct {
	Kind   string
	Object string
	Slot   int    // field of a hash, or which of the two keys
	Value  string // what is written
	Expect string // cas: the value that was read before
	// Twin numbers the operations with unknown outcome that do not differ in anything else, from 1 on,
	// in the order of their calls. They may as well have happened in that order, which spares the
	// checker all the others.
	Twin int
}

// answer is what the client saw of an operation.
type answer struct {
	Known bool
	Reply reply
}

const slots = 3

// object is the state of the model. "" is absent: nobody writes an empty value.
type object struct {
	value [slots]string // a string uses one, a pair of keys two, a hash one a field
	twins [slots]int
}

func fieldName(slot int) string { return "f" + strconv.Itoa(slot) }

// apply says what Redis does: the object afterwards, and the reply.
func apply(state object, o op) (object, reply) {
	at := &state.value[o.Slot]
	was := *at
	switch o.Kind {
	case "get", "hget":
		return state, bulk(was)
	case "set":
		*at = o.Value
		return state, "+OK"
	case "getset":
		*at = o.Value
		return state, bulk(was)
	case "setnx":
		if was != "" {
			return state, "_"
		}
		*at = o.Value
		return state, "+OK"
	case "del", "hdel":
		*at = ""
		return state, integer(count(was))
	case "incr", "hincrby":
		sum := number(was) + number(o.Value)
		*at = strconv.FormatInt(sum, 10)
		return state, integer(sum)
	case "append":
		*at += o.Value
		return state, integer(int64(len(*at)))
	case "cas": // EXEC that was not refused: what was watched is what was read
		if was != o.Expect {
			return state, "_"
		}
		*at = o.Value
		return state, "*[+OK]"
	case "hset":
		*at = o.Value
		return state, integer(1 - count(was))
	case "hsetnx":
		if was == "" {
			*at = o.Value
		}
		return state, integer(1 - count(was))
	case "hlen":
		return state, integer(count(state.value[:]...))
	case "hgetall":
		return state, allFields(state)
	case "keys":
		return state, presentFields(state)
	case "flushdb":
		state.value = [slots]string{}
		return state, "+OK"
	}
	return applyToPair(state, o)
}

// The operations on two keys. Slot says which is the first of them.
func applyToPair(state object, o op) (object, reply) {
	one, two := &state.value[o.Slot], &state.value[1-o.Slot]
	was := *one
	switch o.Kind {
	case "cross": // MULTI, GET one, SET two, EXEC
		*two = o.Value
		return state, array(bulk(was), "+OK")
	case "move": // MULTI, INCRBY one, INCRBY two, EXEC
		first, second := number(was)-number(o.Value), number(*two)+number(o.Value)
		*one, *two = strconv.FormatInt(first, 10), strconv.FormatInt(second, 10)
		return state, array(integer(first), integer(second))
	case "both": // MULTI, GET, GET, EXEC; or MGET
		return state, array(bulk(was), bulk(*two))
	case "mset":
		*one, *two = o.Value, o.Value
		return state, "+OK"
	case "msetnx":
		if was != "" || *two != "" {
			return state, ":0"
		}
		*one, *two = o.Value, o.Value
		return state, ":1"
	case "delboth":
		gone := count(was, *two)
		*one, *two = "", ""
		return state, integer(gone)
	case "rename":
		if was == "" {
			return state, "-ERR no such key"
		}
		*one, *two = "", was
		return state, "+OK"
	}
	panic("no such operation: " + o.Kind)
}

func count(values ...string) int64 {
	there := int64(0)
	for _, value := range values {
		if value != "" {
			there++
		}
	}
	return there
}

func number(value string) int64 {
	if value == "" {
		return 0
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		panic("not a number: " + value)
	}
	return n
}

func allFields(state object) reply {
	var items []reply
	for slot, value := range state.value {
		if value != "" {
			items = append(items, bulk(fieldName(slot)), bulk(value))
		}
	}
	return array(items...)
}

var hashSeed = maphash.MakeSeed()

func presentFields(state object) reply {
	var items []reply
	for slot, value := range state.value {
		if value != "" {
			items = append(items, bulk(fieldName(slot)))
		}
	}
	return array(items...)
}

// model is what porcupine checks each object's history against.
var model = porcupine.Model{
	Init: func() any { return object{} },
	Step: func(state, input, output any) (bool, any) {
		before, o, seen := state.(object), input.(op), output.(answer)
		if !seen.Known && o.Twin > 0 {
			if o.Twin != before.twins[o.Slot]+1 {
				return false, before
			}
			before.twins[o.Slot]++
		}
		after, expected := apply(before, o)
		return !seen.Known || expected == seen.Reply, after
	},
	Hash: func(state any) uint64 { return maphash.Comparable(hashSeed, state.(object)) },
	DescribeOperation: func(input, output any) string {
		return describe(input.(op), output.(answer))
	},
	DescribeState: func(state any) string {
		return strings.Join(state.(object).valueTexts(), " | ")
	},
}

func (o object) valueTexts() []string {
	texts := make([]string, slots)
	for i, value := range o.value {
		if texts[i] = value; value == "" {
			texts[i] = "–"
		} else if len(value) > 40 {
			texts[i] = "…" + value[len(value)-40:]
		}
	}
	return texts
}

func describe(o op, seen answer) string {
	text := fmt.Sprintf("%s %s/%d", o.Kind, o.Object, o.Slot)
	if o.Kind == "cas" {
		text += " " + o.Expect + " →"
	}
	if o.Value != "" {
		text += " " + o.Value
	}
	if !seen.Known {
		return text + " → ?"
	}
	shown := string(seen.Reply)
	if len(shown) > 60 {
		shown = "…" + shown[len(shown)-60:]
	}
	return text + " → " + shown
}
