package peers

import (
	"os"
	"reflect"
	"testing"
	"time"

	log "github.com/pion/ion-log"
	"github.com/pion/ion/pkg/db"
)

// TestWatchSeesAnotherNode watches through one node what is written through another of the same
// data; tests/bus starts them.
func TestWatchSeesAnotherNode(t *testing.T) {
	watched, writing := os.Getenv("ION_WATCHED_NODE"), os.Getenv("ION_WRITING_NODE")
	if watched == "" || writing == "" {
		t.Skip("ION_WATCHED_NODE and ION_WRITING_NODE name two nodes: see tests/bus/ion_test.py")
	}
	log.Init("error")
	near := db.NewRedis(db.Config{Addrs: []string{watched}})
	far := db.NewRedis(db.Config{Addrs: []string{writing}})
	if near == nil || far == nil {
		t.Fatal("ion cannot use the nodes")
	}
	t.Cleanup(near.Close)
	t.Cleanup(far.Close)

	// The marker is made through the far node: when it is seen, all that was made before is.
	w := watchRoomsMarked(t, near, far)
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(far.HSet("/ion/room/1", "uid", "name"))
	do(far.Expire("/ion/room/1", 100*time.Second))
	do(far.HMSetTTL(100*time.Second, "/ion/room/1", "a", "1", "b", "2"))
	do(far.Del("/ion/room/1"))
	do(far.HSet("/ion/elsewhere", "uid", "name"))
	do(far.Set("/ion/room/2", "v", time.Second))
	want := []string{"hset", "expire", "hset", "expire", "del", "set", "expire", "expired"}
	// The node that expires keys for all may have to be found first.
	for deadline := time.Now().Add(startTimeout); w.count() < len(want) && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	if got := w.finish(t); !reflect.DeepEqual(want, got) {
		t.Errorf("db.Watch of the other node saw\nwant %v\ngot  %v", want, got)
	}
}
