package peers

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// stack is ion with all its programs, each a process of its own, on one Redis.
type stack struct {
	redisAddress  string
	natsURL       string
	signalAddress string
}

// startStack starts the server, NATS, islb, sfu, room and signal on free ports of 127.0.0.1 until
// the test ends. programs is the folder of the built programs.
func startStack(t *testing.T, server, programs string) stack {
	t.Helper()
	dir := t.TempDir()
	program := func(name string) string { return filepath.Join(programs, name) }

	redis, natsPort, signal, media := freePort(t), freePort(t), freePort(t), freePort(t)
	s := stack{
		redisAddress:  fmt.Sprintf("127.0.0.1:%d", redis),
		natsURL:       fmt.Sprintf("nats://127.0.0.1:%d", natsPort),
		signalAddress: fmt.Sprintf("127.0.0.1:%d", signal),
	}
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}

	start(t, dir, "server", server, "--port", fmt.Sprint(redis), "--bind", "127.0.0.1",
		"--dir", data, "--save", "")
	start(t, dir, "nats", program("nats-server"), "-a", "127.0.0.1", "-p", fmt.Sprint(natsPort))
	waitForPort(t, redis)
	waitForPort(t, natsPort)

	common := fmt.Sprintf("[global]\ndc = \"dc1\"\n[log]\nlevel = \"info\"\n[nats]\nurl = %q\n", s.natsURL)
	store := fmt.Sprintf("[redis]\naddrs = [%q]\npassword = \"\"\ndb = 0\n", s.redisAddress)
	config := func(name, text string) string {
		path := filepath.Join(dir, name+".toml")
		writeFile(t, path, text)
		return path
	}
	start(t, dir, "islb", program("islb"), "-c", config("islb", common+store))
	start(t, dir, "room", program("room"), "-c", config("room", common+store))
	start(t, dir, "sfu", program("sfu"), "-paddr", "",
		"-c", config("sfu", common+fmt.Sprintf(sfuSettings, media)))
	start(t, dir, "signal", program("signal"), "-paddr", "",
		"-c", config("signal", common+fmt.Sprintf(signalSettings, signal)))
	waitForPort(t, signal)
	return s
}

const sfuSettings = `v = 1
[sfu]
ballast = 0
withstats = false
[router]
maxbandwidth = 1500
maxpackettrack = 500
[webrtc]
singleport = %d
sdpsemantics = "unified-plan"
mdns = false
[webrtc.candidates]
nat1to1 = ["127.0.0.1"]
[webrtc.timeouts]
disconnected = 5
failed = 25
keepalive = 2
[turn]
enabled = false
`

const signalSettings = `[signal.grpc]
host = "127.0.0.1"
port = "%d"
allow_all_origins = true
[signal.jwt]
enabled = false
key_type = "HMAC"
key = "not used"
[signal.svc]
services = ["rtc", "room"]
`
