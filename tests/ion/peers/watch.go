package peers

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/pion/ion/pkg/db"
)

// watcher collects what ion's own db.Watch tells of the keys of rooms.
type watcher struct {
	writer *db.Redis
	cancel context.CancelFunc
	ended  chan struct{}

	mutex  sync.Mutex
	events []string
}

const markerKey = "/ion/room/marker"

// watchRooms returns when events arrive.
func watchRooms(t *testing.T, redis *db.Redis) *watcher {
	t.Helper()
	return watchRoomsMarked(t, redis, redis)
}

// watchRoomsMarked is told of its beginning and its end by events that come through the writer.
func watchRoomsMarked(t *testing.T, redis, writer *db.Redis) *watcher {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &watcher{writer: writer, cancel: cancel, ended: make(chan struct{})}
	t.Cleanup(w.stop)
	channel := redis.Watch(ctx, "/ion/room/*")
	go func() {
		defer close(w.ended)
		for event := range channel {
			w.mutex.Lock()
			w.events = append(w.events, event.(string))
			w.mutex.Unlock()
		}
	}()
	// The subscription is made in the background: the first marker that is seen shows that it stands.
	for deadline := time.Now().Add(startTimeout); !w.mark(t); {
		if time.Now().After(deadline) {
			t.Fatal("db.Watch tells nothing")
		}
	}
	w.take()
	return w
}

// stop ends the subscription. db.Watch does not survive that its connection is closed before.
func (w *watcher) stop() {
	w.cancel()
	<-w.ended
}

// mark writes and deletes a key in a way that ion does not, and reports whether its two events came.
func (w *watcher) mark(t *testing.T) bool {
	t.Helper()
	if err := w.writer.HSet(markerKey, "f", "v"); err != nil {
		t.Fatal(err)
	}
	if err := w.writer.Del(markerKey); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 50; i++ {
		w.mutex.Lock()
		n := len(w.events)
		seen := n >= 2 && w.events[n-2] == "hset" && w.events[n-1] == "del"
		w.mutex.Unlock()
		if seen {
			return true
		}
		time.Sleep(20 * time.Millisecond)
	}
	return false
}

// take returns the events so far, without the marker's, and forgets them.
func (w *watcher) take() []string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	events := w.events
	w.events = nil
	if len(events) < 2 {
		return events
	}
	return events[:len(events)-2]
}

// count tells how many events came since watchRooms.
func (w *watcher) count() int {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return len(w.events)
}

// finish returns all events since watchRooms.
func (w *watcher) finish(t *testing.T) []string {
	t.Helper()
	if !w.mark(t) {
		t.Fatal("the last events did not arrive")
	}
	return w.take()
}
