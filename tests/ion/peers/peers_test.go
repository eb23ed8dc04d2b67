// Package peers lets two peers meet through ion's own programs, once with redis-server and once
// with the server under test, and compares what ion told and what it left behind.
package peers

import (
	"os"
	"os/exec"
	"reflect"
	"testing"
	"time"

	log "github.com/pion/ion-log"
)

// TTLs are set at different moments of the two runs.
const ttlTolerance = 5 * time.Second

func TestTwoPeersLeaveTheSameBehind(t *testing.T) {
	server, programs := os.Getenv("TIDEWAY_BIN"), os.Getenv("ION_PROGRAMS")
	if server == "" || programs == "" {
		t.Skip("TIDEWAY_BIN and ION_PROGRAMS name the server and ion's programs: see run.sh")
	}
	log.Init("error")
	reference, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal(err)
	}

	var want, got outcome
	if !t.Run("redis-server", func(t *testing.T) { want = run(t, startStack(t, reference, programs)) }) ||
		!t.Run("tideway", func(t *testing.T) { got = run(t, startStack(t, server, programs)) }) {
		return
	}

	for _, line := range want.transcript {
		t.Log(line)
	}
	for i := range want.transcript {
		if i >= len(got.transcript) || want.transcript[i] != got.transcript[i] {
			t.Errorf("ion answered\nwant %s\ngot  %s", want.transcript[i], got.transcript[i])
		}
	}
	if !reflect.DeepEqual(want.events, got.events) {
		t.Errorf("db.Watch saw\nwant %v\ngot  %v", want.events, got.events)
	}
	if len(want.events) == 0 || len(want.keys) < 4 {
		t.Errorf("the scenario is too small to tell anything: %v %v", want.events, want.keys)
	}
	for key, entry := range want.keys {
		t.Logf("%s %s = %s, TTL %v", entry.Type, key, entry.Value, entry.TTL)
	}
	slower := want.took
	if got.took > slower {
		slower = got.took
	}
	for _, difference := range differences(want.keys, got.keys, slower+ttlTolerance) {
		t.Errorf("left behind: %s", difference)
	}
}
