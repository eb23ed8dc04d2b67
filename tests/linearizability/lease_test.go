package main

import (
	"testing"
	"time"
)

func lease(client int, call, end time.Duration, seen reply) event {
	return event{Client: client, Op: op{Kind: "lease", Object: "lease.0", Value: string(rune('a' + client))},
		Call: int64(call), End: int64(end), Outcome: answered, Reply: seen}
}

func judged(events ...event) bool {
	h := newHistory()
	h.add(events...)
	h.checkLeases()
	return len(h.failures) == 0
}

func TestLeaseIsGrantedAgainWhenItIsOver(t *testing.T) {
	if !judged(lease(0, 0, time.Millisecond, "+OK"), lease(1, leaseTTL, leaseTTL+time.Millisecond, "+OK")) {
		t.Error("a second grant is refused")
	}
}

func TestLeaseHasOneOwner(t *testing.T) {
	half := leaseTTL / 2
	if judged(lease(0, 0, time.Millisecond, "+OK"), lease(1, half, half+time.Millisecond, "+OK")) {
		t.Error("two owners are not seen")
	}
}

func TestLeaseIsFreeAfterItsTime(t *testing.T) {
	late := leaseTTL + 50*time.Millisecond
	if judged(lease(0, 0, time.Millisecond, "+OK"), lease(1, late, late+time.Millisecond, "_")) {
		t.Error("a refusal without reason is not seen")
	}
}
