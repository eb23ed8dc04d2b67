package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// process is a server that the test starts, kills, freezes and starts again on the same port.
type process struct {
	name    string
	port    int
	command []string
	log     string // its output, appended over restarts
	ready   func(port int) bool

	mutex    sync.Mutex
	running  *exec.Cmd
	ended    chan struct{} // closed when running has ended
	expected bool          // that end was wanted
	crashed  func(string)
}

// All that run, so that none survives the test.
var (
	processesMutex sync.Mutex
	processes      = map[*process]bool{}
)

func endProcesses() {
	processesMutex.Lock()
	all := make([]*process, 0, len(processes))
	for p := range processes {
		all = append(all, p)
	}
	processesMutex.Unlock()
	for _, p := range all {
		p.kill()
	}
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// start begins the process and does not wait for it to be ready.
func (p *process) start() error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	command := exec.Command(p.command[0], p.command[1:]...)
	command.Stdout, command.Stderr = log, log
	command.Dir = filepath.Dir(p.log)
	if err := command.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	processesMutex.Lock()
	processes[p] = true
	processesMutex.Unlock()
	ended := make(chan struct{})
	p.mutex.Lock()
	p.running, p.ended, p.expected = command, ended, false
	p.mutex.Unlock()
	go func() {
		err := command.Wait()
		p.mutex.Lock()
		surprise := !p.expected
		p.mutex.Unlock()
		close(ended)
		if surprise && p.crashed != nil {
			p.crashed(fmt.Sprintf("%s ended by itself: %v", p.name, err))
		}
	}()
	return nil
}

func (p *process) waitReady(limit time.Duration) error {
	p.mutex.Lock()
	ended := p.ended
	p.mutex.Unlock()
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		if p.ready(p.port) {
			return nil
		}
		select {
		case <-ended:
			return fmt.Errorf("%s has ended; see %s", p.name, p.log)
		case <-time.After(30 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s is not ready after %v; see %s", p.name, limit, p.log)
}

// kill is SIGKILL, and returns when the process is gone.
func (p *process) kill() {
	p.mutex.Lock()
	command, ended := p.running, p.ended
	p.expected = true
	p.mutex.Unlock()
	if command == nil {
		return
	}
	_ = command.Process.Kill()
	<-ended
	processesMutex.Lock()
	delete(processes, p)
	processesMutex.Unlock()
}

func (p *process) signal(number syscall.Signal) {
	p.mutex.Lock()
	command := p.running
	p.mutex.Unlock()
	if command != nil {
		_ = command.Process.Signal(number)
	}
}

func (p *process) freeze() { p.signal(syscall.SIGSTOP) }
func (p *process) thaw()   { p.signal(syscall.SIGCONT) }

// newDatabase prepares a tidb-server with its own store in the folder.
func newDatabase(program, folder string) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	status, err := freePort()
	if err != nil {
		return nil, err
	}
	// All tables in one region: a transaction is then one write of the store, which keeps its locks in
	// memory and would lose the second half of a larger one if it is killed.
	settings := "split-table = false\nlease = \"1s\"\n[log]\nlevel = \"error\"\n" +
		"slow-query-file = \"" + filepath.Join(folder, "slow.log") + "\"\n" +
		"[performance]\nstats-lease = \"0\"\nrun-auto-analyze = false\n"
	file := filepath.Join(folder, "tidb.toml")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		return nil, err
	}
	return &process{
		name: "tidb-server", port: port, log: filepath.Join(folder, "tidb.out"), ready: greets,
		command: []string{
			program, "-config", file, "-store", "unistore", "-path", filepath.Join(folder, "data"),
			"-host", "127.0.0.1", "-P", fmt.Sprint(port), "-status", fmt.Sprint(status),
			"-socket", filepath.Join(folder, "tidb.sock"), "-log-file", filepath.Join(folder, "tidb.log"),
		},
	}, nil
}

// greets tells whether a database listens: it speaks first.
func greets(port int) bool {
	socket, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
	if err != nil {
		return false
	}
	defer socket.Close()
	_ = socket.SetReadDeadline(time.Now().Add(2 * time.Second))
	n, _ := socket.Read(make([]byte, 1))
	return n == 1
}

// newNode prepares a tideway; backend is empty for the embedded store in the folder.
func newNode(program, folder, name, backend string) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	own := filepath.Join(folder, name)
	if err := os.Mkdir(own, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	command := []string{
		program, "--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--io-threads", "2", "--dir", own,
	}
	if backend == "" {
		command = append(command, "--appendfsync", "always")
	} else {
		command = append(command, "--backend", backend)
	}
	return &process{
		name: name, port: port, command: command, log: filepath.Join(folder, name+".log"), ready: pongs,
	}, nil
}

func pongs(port int) bool {
	c, err := dial(port)
	if err != nil {
		return false
	}
	defer c.close()
	if c.send([][]string{{"PING"}}) != nil {
		return false
	}
	answer, err := c.receive(time.Now().Add(2 * time.Second))
	return err == nil && answer == "+PONG"
}
