package main

import "time"

// A lease is a lock that nobody gives back: `SET key token NX PX ttl`. Time is part of what it means,
// so it is judged by intervals instead of by an order.
const (
	leaseTTL = 400 * time.Millisecond
	// Nodes may be that wrong about the database's time.
	clockBound = 5 * time.Millisecond
)

func isLease(o op) bool { return o.Kind == "lease" }

// checkLeases finds two clients who held a lease at once, and clients who were refused a free one.
//
// The expiry of a grant is counted from some moment between its call and its end. So a lease whose
// call was at c and whose answer came at e is held from e at the latest until c + ttl at the earliest,
// and is free again from e + ttl at the latest.
func (h *history) checkLeases() {
	byObject := map[string][]event{}
	for _, e := range h.events {
		if isLease(e.Op) && e.Outcome != refused {
			byObject[e.Op.Object] = append(byObject[e.Op.Object], e)
		}
	}
	ttl, slack := int64(leaseTTL), int64(2*clockBound) // two nodes
	for _, events := range byObject {
		for _, a := range events {
			switch {
			case a.Outcome == answered && a.Reply == "+OK":
				for _, b := range events {
					both := b.Outcome == answered && b.Reply == "+OK" && b.Op.Value > a.Op.Value
					if both && b.End < a.Call+ttl-slack && a.End < b.Call+ttl-slack {
						h.fail("%s was granted twice: to client %d, %.6f … %.6f, and to client %d, %.6f … %.6f",
							a.Op.Object, a.Client, seconds(a.Call), seconds(a.End),
							b.Client, seconds(b.Call), seconds(b.End))
					}
				}
			case a.Outcome == answered && !h.held(events, a, ttl+slack):
				h.fail("%s was refused to client %d, %.6f … %.6f, although it was free",
					a.Op.Object, a.Client, seconds(a.Call), seconds(a.End))
			}
		}
	}
}

// held tells whether somebody else can have held the lease at any moment of the event.
func (h *history) held(events []event, refusal event, ttl int64) bool {
	for _, e := range events {
		granted := e.Outcome == unknown || e.Reply == "+OK"
		if granted && e.Call <= refusal.End && e.End+ttl >= refusal.Call {
			return true
		}
	}
	return false
}
