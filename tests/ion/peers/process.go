package peers

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Programs of ion start in seconds; a machine that is busy with other tests takes longer.
const startTimeout = 60 * time.Second

// start runs a program until the test ends. Its output goes to NAME.log in dir; the last lines of
// that file are shown when the test has failed.
func start(t *testing.T, dir, name string, command ...string) {
	t.Helper()
	log, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	process := exec.Command(command[0], command[1:]...)
	process.Dir = dir
	process.Stdout = log
	process.Stderr = log
	if err := process.Start(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	t.Cleanup(func() {
		stop(process)
		log.Close()
		if t.Failed() {
			t.Logf("--- %s said last:\n%s", name, tail(log.Name()))
		}
	})
}

// stop asks the process to end, and kills it when it does not.
func stop(process *exec.Cmd) {
	_ = process.Process.Signal(syscall.SIGTERM)
	ended := make(chan struct{})
	go func() {
		_ = process.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		_ = process.Process.Kill()
		<-ended
	}
}

func tail(path string) string {
	data, _ := os.ReadFile(path)
	if most := 3000; len(data) > most {
		data = data[len(data)-most:]
	}
	return string(data)
}

// freePort finds a free TCP and UDP port of 127.0.0.1.
func freePort(t *testing.T) int {
	t.Helper()
	for range [100]struct{}{} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := listener.Addr().(*net.TCPAddr).Port
		packets, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", port))
		listener.Close()
		if err == nil {
			packets.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

// waitForPort waits until something accepts connections there.
func waitForPort(t *testing.T, port int) {
	t.Helper()
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); {
		connection, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			connection.Close()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("nothing listens on port %d", port)
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
