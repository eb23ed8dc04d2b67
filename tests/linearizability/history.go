package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

type outcome string

const (
	answered outcome = "answered"
	unknown  outcome = "unknown" // the connection broke after it was sent
	refused  outcome = "refused" // -TRYAGAIN: surely not applied
)

// event is one operation as a client saw it. Times are nanoseconds since the run began.
type event struct {
	Client  int
	Node    int
	Op      op
	Call    int64
	End     int64 // of the answer, or when the connection was found broken
	Outcome outcome
	Reply   reply
}

// history gathers the events of all clients, and what went wrong beside them.
type history struct {
	start time.Time

	mutex    sync.Mutex
	events   []event
	failures []string
	notes    []note
}

// note is what the test did or saw at a time, for the reader of a failure.
type note struct {
	At   int64
	Text string
}

func newHistory() *history { return &history{start: time.Now()} }

func (h *history) now() int64 { return int64(time.Since(h.start)) }

func (h *history) add(events ...event) {
	h.mutex.Lock()
	h.events = append(h.events, events...)
	h.mutex.Unlock()
}

// fail records something that must not happen whatever the order of operations.
func (h *history) fail(format string, args ...any) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.failures = append(h.failures, fmt.Sprintf("at %.3f s: ", seconds(h.now()))+fmt.Sprintf(format, args...))
}

func (h *history) note(format string, args ...any) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.notes = append(h.notes, note{h.now(), fmt.Sprintf(format, args...)})
}

func seconds(ns int64) float64 { return float64(ns) / 1e9 }

// operations gives what porcupine is to order, by object. What was refused is not in it: if it was
// applied all the same, the others' answers cannot be explained. What is unknown may happen at any
// time after its call, also never: then it stands behind everything.
func (h *history) operations() map[string][]porcupine.Operation {
	sort.SliceStable(h.events, func(i, j int) bool { return h.events[i].Call < h.events[j].Call })
	objects := map[string][]porcupine.Operation{}
	twins := map[op]int{}
	lists := h.longestLists()
	for _, e := range h.events {
		if e.Outcome == refused || isLease(e.Op) {
			continue
		}
		// Reads without an answer say nothing, nor does an EXEC that refused: the key may have changed
		// between its WATCH and its GET.
		if e.Outcome == unknown && isRead(e.Op) || e.Op.Kind == "cas" && e.Reply == "_" {
			continue
		}
		if e.Op.Kind == "append" && e.Outcome == unknown {
			if e.Reply = lists.reply(e.Op); e.Reply == "" {
				continue
			}
		}
		operation := porcupine.Operation{
			ClientId: e.Client, Input: e.Op, Call: e.Call,
			Output: answer{true, e.Reply}, Return: e.End,
		}
		if e.Outcome == unknown {
			input := e.Op
			if input.Kind == "incr" {
				twins[e.Op]++
				input.Twin = twins[e.Op]
			}
			operation.Input, operation.Return = input, math.MaxInt64
			operation.Output = answer{e.Reply != "", e.Reply}
		}
		objects[e.Op.Object] = append(objects[e.Op.Object], operation)
	}
	return objects
}

// lists holds for each object that is only appended to the longest value that was read.
type lists map[string]string

func (h *history) longestLists() lists {
	longest := lists{}
	for _, e := range h.events {
		value, found := strings.CutPrefix(string(e.Reply), "$")
		if found && e.Op.Kind == "get" && strings.HasPrefix(e.Op.Object, "list.") &&
			len(value) > len(longest[e.Op.Object]) {
			longest[e.Op.Object] = value
		}
	}
	return longest
}

// reply tells what an APPEND of unknown outcome must have answered, as its token stands in the list:
// there would be too many orders otherwise. "" if the token is not there: then it was not applied
// before the last read, and what comes after that matters to nobody.
func (l lists) reply(o op) reply {
	at := strings.Index(";"+l[o.Object], ";"+o.Value)
	if at < 0 {
		return ""
	}
	return integer(int64(at + len(o.Value)))
}

func isRead(o op) bool {
	switch o.Kind {
	case "get", "hget", "hgetall", "hlen", "both", "keys":
		return true
	}
	return false
}

// verdict of a history.
type verdict struct {
	objects    int
	violations []string
	undecided  []string // the checker found no answer in time
	took       time.Duration
}

// check looks at every object's history; what cannot be explained is drawn into the folder.
func (h *history) check(folder string, limit time.Duration) verdict {
	began := time.Now()
	objects := h.operations()
	names := make([]string, 0, len(objects))
	for name := range objects {
		names = append(names, name)
	}
	sort.Strings(names)
	result := verdict{objects: len(names)}
	var mutex sync.Mutex
	var group sync.WaitGroup
	free := make(chan bool, 2)
	for _, name := range names {
		group.Add(1)
		free <- true
		go func() {
			defer func() { <-free; group.Done() }()
			found := porcupine.CheckOperationsTimeout(model, objects[name], limit)
			mutex.Lock()
			defer mutex.Unlock()
			switch found {
			case porcupine.Illegal:
				result.violations = append(result.violations, name)
			case porcupine.Unknown:
				result.undecided = append(result.undecided, name)
			}
		}()
	}
	group.Wait()
	for _, name := range result.violations {
		h.draw(folder, name, objects[name])
	}
	for _, name := range result.undecided {
		h.draw(folder, name, nil)
	}
	result.took = time.Since(began)
	return result
}

// draw writes porcupine's picture and the object's events.
func (h *history) draw(folder, name string, operations []porcupine.Operation) {
	if folder == "" {
		return
	}
	if operations != nil {
		_, info := porcupine.CheckOperationsVerbose(model, operations, 20*time.Second)
		path := filepath.Join(folder, name+".html")
		if err := porcupine.VisualizePath(model, info, path); err != nil {
			h.fail("cannot write %s: %v", path, err)
		}
	}
	h.write(filepath.Join(folder, name+".txt"), func(e event) bool { return e.Op.Object == name })
}

// write lists events and notes in the order of time, one a line.
func (h *history) write(path string, wanted func(event) bool) {
	type line struct {
		at   int64
		text string
	}
	var lines []line
	for _, e := range h.events {
		if !wanted(e) {
			continue
		}
		seen := answer{e.Outcome == answered, e.Reply}
		text := fmt.Sprintf("%10.6f %10.6f  client %2d node %d  %s", seconds(e.Call), seconds(e.End),
			e.Client, e.Node, describe(e.Op, seen))
		if e.Outcome == refused {
			text += " (refused, so not applied)"
		}
		lines = append(lines, line{e.Call, text})
	}
	for _, n := range h.notes {
		lines = append(lines, line{n.At, fmt.Sprintf("%10.6f ---------- %s", seconds(n.At), n.Text)})
	}
	sort.SliceStable(lines, func(i, j int) bool { return lines[i].at < lines[j].at })
	file, err := os.Create(path)
	if err != nil {
		h.fail("cannot write %s: %v", path, err)
		return
	}
	defer file.Close()
	for _, l := range lines {
		fmt.Fprintln(file, l.text)
	}
}

// writeAll keeps everything of a failed run: a line of JSON an event.
func (h *history) writeAll(folder string) {
	h.write(filepath.Join(folder, "history.txt"), func(event) bool { return true })
	file, err := os.Create(filepath.Join(folder, "history.json"))
	if err != nil {
		return
	}
	defer file.Close()
	encoder := json.NewEncoder(file)
	for _, e := range h.events {
		_ = encoder.Encode(e)
	}
}
